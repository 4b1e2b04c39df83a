//! Every measurement, one after another, on databases made for it; then the table.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use services::clock::Clock;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::{
    Outcome, bookings, charging,
    cpu::{self, Watched},
    database::{Databases, Name},
    fixture,
    machine::Machine,
    pages::{self, Asked},
    paying,
    process::{self, PRODUCTION, Process},
    reconciling,
    report::{self, Report, Row},
    sizes, slots, step, streams,
};

/// Everything ends by then, whatever hangs.
const DEADLINE: Duration = Duration::from_secs(1800);

/// The demonstration, as visitors meet it, and a copy of it for the baseline.
const PAGES: Name = "bench_pages";
const PLAIN: Name = "bench_plain";
/// The market of the bookings, and a copy of it for pgbench.
const MARKET: Name = "bench_market";
const PGBENCH: Name = "bench_pgbench";

/// Where things are.
struct Places {
    /// The release server.
    server: PathBuf,
    /// This program: it is the baseline too.
    own: PathBuf,
    /// Logs and scripts; deleted in the end.
    scratch: PathBuf,
}

/// A part of the table that can be measured alone, while one works on it.
#[derive(Clone, Copy)]
pub enum Part {
    /// Bookings beside pgbench, and the crowd.
    Bookings,
    /// Ten thousand lessons.
    Charging,
    /// Messages over open streams.
    Streams,
    /// Ten thousand transfers to tutors.
    Payouts,
    /// A million lines of the payment provider.
    Reconciliation,
}

/// What was measured, and on which Postgres.
struct Measured {
    rows: Vec<Row>,
    postgres: String,
    durable: bool,
}

/// Measures everything, prints the table, and writes it into the document.
pub async fn run() -> Outcome {
    let slots = slots::row(&PathBuf::from(variable("CARGO_TARGET_DIR")?));
    let now = Clock::real().now();
    let Measured { rows, postgres, durable } = on_own_databases(None, now).await?;
    let rows = [vec![slots], rows, sizes::rows()].concat();
    let root = std::env::current_dir()?;
    let date = now.format("%Y-%m-%d %H:%M").to_string();
    let report =
        Report { date, machine: Machine::look(&root)?, postgres, durable, quiet: cpu::was_quiet(), rows };
    print(&report.markdown());
    report.write(&root.join("docs/BENCHMARKS.md"))?;
    all_there(&report.rows)
}

/// Measures a part and prints its lines; the document stays as it is.
pub async fn run_part(part: Part) -> Outcome {
    let Measured { rows, .. } = on_own_databases(Some(part), Clock::real().now()).await?;
    print(&report::part(&rows));
    all_there(&rows)
}

fn all_there(rows: &[Row]) -> Outcome {
    match rows.iter().filter(|row| row.is_missing()).count() {
        0 => Ok(()),
        missing => Err(format!("{missing} figures could not be measured, the table says why").into()),
    }
}

fn variable(name: &str) -> Outcome<OsString> {
    std::env::var_os(name).ok_or_else(|| format!("{name} is not set").into())
}

/// Measures on a Postgres made for it, which is gone afterwards.
async fn on_own_databases(part: Option<Part>, now: DateTime<Utc>) -> Outcome<Measured> {
    // Where files last, and so on a disk: a temporary folder may be memory, which makes every commit free.
    let scratch = PathBuf::from(format!("/var/tmp/lectern-bench-{}", std::process::id()));
    std::fs::create_dir(&scratch)?;
    let server = variable("LECTERN_SERVER_BIN")?.into();
    let places = Places { server, own: std::env::current_exe()?, scratch };
    let databases = Databases::start(&places.scratch.join("data")).await?;
    let (postgres, durable) = databases.version().await?;
    let measured = tokio::select! {
        measured = timeout(DEADLINE, choose(&databases, &places, part, now)) => measured,
        () = interrupted() => return end(databases, &places).await.and(Err("interrupted".into())),
    };
    end(databases, &places).await?;
    let rows = measured.map_err(|_| format!("not done within {} s", DEADLINE.as_secs()))??;
    Ok(Measured { rows, postgres, durable })
}

async fn choose(
    databases: &Databases,
    places: &Places,
    part: Option<Part>,
    now: DateTime<Utc>,
) -> Outcome<Vec<Row>> {
    match part {
        None => measure(databases, places, now).await,
        Some(Part::Bookings) => {
            prepare_market(databases, now).await?;
            book(databases, places).await
        }
        Some(Part::Charging) => charging::rows(databases, &places.server, &places.scratch, now).await,
        Some(Part::Payouts) => paying::rows(databases, &places.server, &places.scratch, now).await,
        Some(Part::Reconciliation) => reconciling::rows(databases, &places.scratch, now).await,
        Some(Part::Streams) => streams::rows(databases, &places.server, &places.scratch, now).await,
    }
}

async fn end(databases: Databases, places: &Places) -> Outcome {
    databases.stop().await?;
    Ok(std::fs::remove_dir_all(&places.scratch)?)
}

/// Completes when somebody wants the benchmarks to end.
async fn interrupted() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// The table's lines in their order. What fails becomes a line that says why; the others go on.
async fn measure(databases: &Databases, places: &Places, now: DateTime<Utc>) -> Outcome<Vec<Row>> {
    step("filling the databases");
    prepare_pages(databases, places, now).await?;
    prepare_market(databases, now).await?;
    let server = Started::server(databases, places, PAGES).await?;
    let (addr, watched) = (server.process.addr, server.watched);

    step("tutor page and its baseline");
    let compared = compare(databases, places, &server, now).await;
    step("bookings, then pgbench");
    let booked = book(databases, places).await;
    // By now both databases of the pages have been quiet for long enough to have reported all they did.
    let compared = match compared {
        Ok((row, asked, before)) => same_queries(databases, asked, before).await.map(|same| vec![row, same]),
        Err(error) => Err(error),
    };
    step("an idle server");
    let idle = idle(databases).await;
    step("availability");
    let available = pages::availability(addr, watched, now).await;
    step("pages");
    let searched = pages::page("search page `/tutors`", addr, "/tutors", None, watched).await;
    let path = tutor_path(databases, now).await?;
    let compressed =
        pages::page("tutor page as a browser asks", addr, &path, Some("gzip, br"), watched).await;
    server.process.stop().await?;
    step("charging");
    let charged = charging::rows(databases, &places.server, &places.scratch, now).await;
    step("live streams");
    let streamed = streams::rows(databases, &places.server, &places.scratch, now).await;

    step("payouts");
    let paid_out = paying::rows(databases, &places.server, &places.scratch, now).await;
    step("reconciliation");
    let reconciled = reconciling::rows(databases, &places.scratch, now).await;

    let mut rows = Vec::new();
    for (what, part) in [
        ("availability of 30 days", available),
        ("bookings", booked),
        ("tutor page `/tutors/{slug}`", compared),
        ("search page `/tutors`", searched.map(|row| vec![row])),
        ("tutor page as a browser asks", compressed.map(|row| vec![row])),
        ("charging", charged),
        ("live streams", streamed),
        ("payouts", paid_out),
        ("reconciliation", reconciled),
        (IDLE, idle.map(|row| vec![row])),
    ] {
        rows.extend(part.unwrap_or_else(|error| vec![Row::missing(what, "–", error.to_string())]));
    }
    Ok(rows)
}

/// A process under measurement.
struct Started {
    process: Process,
    watched: Watched,
}

impl Started {
    /// The release server on a database.
    async fn server(databases: &Databases, places: &Places, name: Name) -> Outcome<Self> {
        Started::new(databases, name, &places.server, "serve", &places.scratch).await
    }

    /// The baseline on a database.
    async fn plain(databases: &Databases, places: &Places, name: Name) -> Outcome<Self> {
        Started::new(databases, name, &places.own, "plain", &places.scratch).await
    }

    async fn new(
        databases: &Databases,
        name: Name,
        program: &Path,
        word: &str,
        logs: &Path,
    ) -> Outcome<Self> {
        let url = databases.url(name);
        let environment = [&PRODUCTION[..], &[("DATABASE_URL", url.as_str())]].concat();
        let log = logs.join(format!("{word}-{name}.log"));
        let process = process::start(program, &[word], &environment, &log).await?;
        let watched = Watched { server: process.pid, postgres: databases.pid() };
        Ok(Started { process, watched })
    }
}

/// The demonstration, the busy tutor beside it, and the copy.
async fn prepare_pages(databases: &Databases, places: &Places, now: DateTime<Utc>) -> Outcome {
    databases.create(PAGES).await?;
    let url = databases.url(PAGES);
    let environment = [("LECTERN_ENV", "development"), ("LOG_LEVEL", "warn"), ("DATABASE_URL", url.as_str())];
    process::complete(&places.server, &["seed"], &environment, &places.scratch.join("seed.log")).await?;
    let pool = databases.pool(PAGES).await?;
    fixture::busy(&pool, now).await?;
    pool.close().await;
    databases.settle(PAGES).await?;
    databases.copy(PAGES, PLAIN).await
}

async fn prepare_market(databases: &Databases, now: DateTime<Utc>) -> Outcome {
    databases.create(MARKET).await?;
    let pool = databases.pool(MARKET).await?;
    fixture::market(&pool, now).await?;
    pool.close().await;
    databases.settle(MARKET).await?;
    databases.copy(MARKET, PGBENCH).await?;
    databases.settle(PGBENCH).await
}

/// The page of the demonstration's tutor with the most ratings, the fullest, with the calendar of the month in
/// which most of the next 30 days lie.
async fn tutor_path(databases: &Databases, now: DateTime<Utc>) -> Outcome<String> {
    let pool = databases.pool(PAGES).await?;
    let slug: String = sqlx::query_scalar(
        "SELECT slug FROM tutors WHERE slug <> $1 ORDER BY rating_count DESC, slug LIMIT 1",
    )
    .bind(fixture::BUSY_SLUG)
    .fetch_one(&pool)
    .await?;
    pool.close().await;
    Ok(format!("/tutors/{slug}?month={}", (now + TimeDelta::days(15)).format("%Y-%m")))
}

/// Transactions of the two databases of the pages; a question outside of a transaction is one of its own.
#[derive(Clone, Copy)]
struct Commits {
    page: i64,
    plain: i64,
}

async fn commits(databases: &Databases) -> Outcome<Commits> {
    Ok(Commits { page: databases.commits(PAGES).await?, plain: databases.commits(PLAIN).await? })
}

async fn compare(
    databases: &Databases,
    places: &Places,
    server: &Started,
    now: DateTime<Utc>,
) -> Outcome<(Row, Asked, Commits)> {
    let path = tutor_path(databases, now).await?;
    let plain = Started::plain(databases, places, PLAIN).await?;
    let before = commits(databases).await?;
    let (row, asked) =
        pages::tutor_page(&path, (server.process.addr, server.watched), (plain.process.addr, plain.watched))
            .await?;
    plain.process.stop().await?;
    Ok((row, asked, before))
}

/// Proves that the baseline asks the database as often as the page does.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
async fn same_queries(databases: &Databases, asked: Asked, before: Commits) -> Outcome<Row> {
    let after = commits(databases).await?;
    let each = |more: i64, asked: u64| more as f64 / asked.max(1) as f64;
    let page = each(after.page - before.page, asked.page);
    let plain = each(after.plain - before.plain, asked.plain);
    Ok(Row::judged(
        "database transactions for one tutor page",
        format!("{page:.1}, plain JSON {plain:.1}"),
        "equal",
        (page - plain).abs() < 0.5,
        "counted by Postgres: the baseline asks what the page asks".into(),
    ))
}

const IDLE: &str = "database transactions of an idle server";

/// What a server asks of the database that nobody asks anything.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
async fn idle(databases: &Databases) -> Outcome<Row> {
    let before = databases.commits(PAGES).await?;
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let asked = (databases.commits(PAGES).await? - before) as f64 / began.elapsed().as_secs_f64();
    Ok(Row::judged(
        IDLE,
        format!("{asked:.1}/s"),
        "≤ 20/s",
        asked <= 20.0,
        "counted by Postgres for ten seconds: looks for jobs, for what is due and for what happened".into(),
    ))
}

/// Bookings beside pgbench, then the crowd.
async fn book(databases: &Databases, places: &Places) -> Outcome<Vec<Row>> {
    let server = Started::server(databases, places, MARKET).await?;
    let (addr, watched) = (server.process.addr, server.watched);
    let pool = databases.pool(MARKET).await?;
    let crowd = bookings::crowd(&pool, addr, watched).await?;
    pool.close().await;
    let beside =
        bookings::beside_pgbench(databases, addr, watched, (MARKET, PGBENCH), &places.scratch).await?;
    server.process.stop().await?;
    Ok(vec![beside, crowd])
}

#[expect(clippy::print_stdout, reason = "what the command is for")]
fn print(text: &str) {
    println!("{text}");
}
