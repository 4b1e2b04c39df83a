//! Reconciliation: a million lines of the provider's account against as many payments of the ledger.
//!
//! The sandbox keeps all objects in memory and is no measure for so many: the lines come from a server of this module,
//! which makes them from their numbers, with charges of the size of Stripe's.

use std::{
    fmt::Write as _,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::get,
};
use chrono::{DateTime, TimeDelta, Utc};
use services::{
    Services, clock::Clock, config::Config, db, jobs, live, payment::provider::Provider, reconcile,
};
use sqlx::PgPool;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::sleep,
};

use crate::{
    Outcome,
    cpu::{Meter, Watched},
    database::{Databases, Name},
    fixture,
    report::Row,
    streams::resident,
};

/// The rows of the table.
const COMPARED: &str = "reconciliation of a million entries";
const MEMORY: &str = "its memory from 100,000 entries to the last";

const LEDGER: Name = "bench_ledger";

/// Lines of the provider, and payments in the ledger.
const LINES: u64 = 1_000_000;
/// The payment that the provider does not have, the one that it has twice, and the one of which it has another amount.
const MISSING: u64 = 123_456;
const DOUBLED: u64 = 777_777;
const DEARER: u64 = 500_000;
/// When all must be compared.
const WITHIN: Duration = Duration::from_secs(30);
/// By how much memory may differ and yet be called constant.
const CONSTANT_KB: u64 = 10 * 1024;
/// Lines in one answer: as many as Stripe gives.
const PAGE: u64 = 100;
/// What else Stripe says of a charge, at the length at which it does.
const DETAILS: &str = include_str!("../sql/charge.json");

/// Where the account begins, in seconds since 1970.
fn from(now: DateTime<Utc>) -> i64 {
    (now - TimeDelta::days(29) - TimeDelta::hours(4)).timestamp()
}

/// Measures.
pub async fn rows(databases: &Databases, scratch: &Path, now: DateTime<Utc>) -> Outcome<Vec<Row>> {
    databases.create(LEDGER).await?;
    let pool = databases.pool(LEDGER).await?;
    jobs::migrate(&pool).await?;
    fixture::teachers(&pool, now).await?;
    fixture::lessons(&pool, now, 1..=1000, false).await?;
    fixture::ledger(&pool, now, from(now), LINES).await?;
    databases.settle(LEDGER).await?;
    let base = serve(from(now)).await?;
    let comparing = Comparing::start(databases, &base, scratch)?;
    let measured = comparing.watch(databases, &pool).await;
    pool.close().await;
    measured
}

/// A process that compares, and nothing else.
struct Comparing(Child);

impl Comparing {
    fn start(databases: &Databases, base: &str, scratch: &Path) -> Outcome<Self> {
        let output = std::fs::File::create(scratch.join("reconcile.log"))?;
        let child = Command::new(std::env::current_exe()?)
            .arg("reconcile")
            .envs([
                ("DATABASE_URL", &*databases.url(LEDGER)),
                ("STRIPE_SECRET_KEY", "sk_of_the_benchmarks"),
                ("STRIPE_PUBLISHABLE_KEY", "pk_of_the_benchmarks"),
                ("STRIPE_WEBHOOK_SECRET", "whsec_of_the_benchmarks"),
                ("STRIPE_API_BASE", base),
                ("STRIPE_JS_URL", base),
            ])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Comparing(child))
    }

    /// Waits until all is compared, ends it, and reads time, memory and what was found.
    async fn watch(mut self, databases: &Databases, pool: &PgPool) -> Outcome<Vec<Row>> {
        let pid = self.0.id().ok_or("a process without an id")?.cast_signed();
        let meter = Meter::start(Watched { server: pid, postgres: databases.pid() });
        let began = Instant::now();
        let (mut early, mut late) = (0, 0);
        loop {
            if self.0.try_wait()?.is_some() {
                return Err("the process that compares has ended".into());
            }
            if began.elapsed() > 6 * WITHIN {
                return Err("it does not come to its end".into());
            }
            let read = sqlx::query_as::<_, (i64, bool)>(
                "SELECT coalesce(max(lines), 0), coalesce(bool_and(finished_at IS NOT NULL), false) FROM reconciliations",
            );
            let (lines, finished) = read.fetch_one(pool).await?;
            let tenth = lines.unsigned_abs() * 10 >= LINES;
            let peak = if tenth { &mut late } else { &mut early };
            *peak = resident(pid).unwrap_or_default().max(*peak);
            if finished {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        // While it is there: what it used is not known of a process that has ended.
        let used = meter.read();
        self.0.kill().await?;
        let (took, reading) = check(pool).await?;
        let mb = |kb: u64| format!("{} MB", kb / 1024);
        Ok(vec![
            Row::judged(
                COMPARED,
                format!("{took:.1} s"),
                "< 30 s",
                took < WITHIN.as_secs_f64(),
                format!(
                    "{LINES} lines of the provider, read by HTTP {PAGE} at a time with their charges ({reading:.1} s), and as many \
                     payments of the ledger (twice as many of its lines), by one process; one payment that the provider does not \
                     have, one that it has twice and one of another amount are named. Without the limit of 80 calls a second, by \
                     which reading a million lines of Stripe takes 125 s; {used}, the provider with the driver"
                ),
            ),
            Row::judged(
                MEMORY,
                format!("{} to {}", mb(early), mb(late)),
                "constant",
                late < early + CONSTANT_KB,
                format!(
                    "the most of resident memory that was seen until a tenth of the lines were read, and after it; at most {} more \
                     counts as constant",
                    mb(CONSTANT_KB)
                ),
            ),
        ])
    }
}

/// How many seconds it took, and reading alone, where it found what it had to find.
async fn check(pool: &PgPool) -> Outcome<(f64, f64)> {
    let (lines, took): (i64, f64) = sqlx::query_as(
        "SELECT lines, extract(epoch FROM finished_at - started_at)::float8 FROM reconciliations
         WHERE finished_at IS NOT NULL",
    )
    .fetch_one(pool)
    .await?;
    let reading: f64 = sqlx::query_scalar(
        "SELECT extract(epoch FROM v.at - r.started_at)::float8 FROM reconciliations r, ledger_events v
         WHERE v.kind = 'fee'",
    )
    .fetch_one(pool)
    .await?;
    let found: Vec<(String, String)> =
        sqlx::query_as("SELECT fault, reference FROM differences ORDER BY fault").fetch_all(pool).await?;
    let wanted = [("doubled", DOUBLED), ("missing_at_provider", MISSING), ("other_amount", DEARER)];
    let wanted = wanted.map(|(fault, number)| (fault.to_owned(), id(number)));
    if lines.unsigned_abs() == LINES && found == wanted {
        return Ok((took, reading));
    }
    let some: Vec<_> = found.iter().take(5).collect();
    Err(format!("{lines} lines were read and {} differences found, such as {some:?}", found.len()).into())
}

/// The process that compares, until it is ended: configured as the server is, but without a limit on calls.
pub async fn compare() -> Outcome {
    let config = Config::from_env()?;
    let url = config.database.url.clone().ok_or("DATABASE_URL: there is nothing to compare")?;
    let stripe = config.stripe.clone().ok_or("STRIPE_API_BASE: there is nothing to compare with")?;
    let pool = db::connect(url.parse()?, 10).await?;
    let bus = live::Bus::start(pool.clone(), None).await?;
    let provider = Provider::with_pace(&stripe, None)?;
    let services = Services::new(pool, Clock::real(), config, std::sync::Arc::new(bus), Some(provider));
    reconcile::hand_out(&services).await?;
    jobs::work(&services, std::future::pending()).await;
    Ok(())
}

/// The id of a charge, as `ledger.sql` makes it.
fn id(number: u64) -> String {
    format!("{:08x}-0000-4000-8000-{number:012}", spread(number))
}

const fn spread(number: u64) -> u64 {
    number * 2_654_435_761 % (1 << 32)
}

/// Serves the lines; where.
async fn serve(from: i64) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/v1/balance_transactions", get(page)).with_state(from);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(base)
}

/// A page, the newest first: after the line that the query names.
async fn page(State(from): State<i64>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let query = query.unwrap_or_default();
    let after =
        query.split('&').find_map(|pair| pair.strip_prefix("starting_after=")?.get(12..)?.parse().ok());
    let end: u64 = after.unwrap_or(LINES);
    let begin = end.saturating_sub(PAGE);
    let mut text = String::with_capacity(400_000);
    text.push_str(r#"{"object":"list","url":"/v1/balance_transactions","data":["#);
    for number in (begin..end).rev() {
        line(&mut text, number, from);
        text.push(if number == begin { ' ' } else { ',' });
    }
    let _ = write!(text, r#"],"has_more":{}}}"#, begin > 0);
    ([(CONTENT_TYPE, "application/json")], text)
}

fn line(text: &mut String, number: u64, from: i64) {
    let charge = id(if number == MISSING { DOUBLED } else { number });
    let amount = if number == DEARER { 2600 } else { 2500 };
    let (spread, created) = (spread(number), from + (number * 29 * 86_400 / LINES).cast_signed());
    let _ = write!(
        text,
        r#"{{"id":"txn_{spread:08x}{number:010}","object":"balance_transaction","amount":{amount},"available_on":{created},"balance_type":"payments","created":{created},"currency":"eur","description":null,"exchange_rate":null,"fee":63,"fee_details":[{{"amount":63,"application":null,"currency":"eur","description":"Stripe processing fees","type":"stripe_fee"}}],"net":{net},"reporting_category":"charge","status":"available","type":"charge","source":{{"id":"ch_{spread:08x}{number:010}","object":"charge","amount":{amount},"amount_captured":{amount},"currency":"eur","payment_intent":"pi_{spread:08x}{number:010}","metadata":{{"attempt":"{charge}","booking":"{charge}","charge":"{charge}"}},{DETAILS}}}}}"#,
        net = amount - 63,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_and_as_long_as_stripes() {
        let mut text = String::new();
        line(&mut text, 42, 1_700_000_000);
        let read: serde_json::Value = serde_json::from_str(&text).expect("an object");
        assert_eq!(read["source"]["metadata"]["charge"], id(42));
        assert!((2_500..5_000).contains(&text.len()), "{}", text.len());
        assert_eq!(read["id"].as_str().and_then(|id| id.get(12..)?.parse().ok()), Some(42));
    }
}
