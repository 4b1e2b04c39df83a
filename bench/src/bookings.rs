//! Bookings: many at once for many slots, beside pgbench; and a hundred at once for one slot.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{sync::Barrier, task::JoinSet};
use uuid::Uuid;

use crate::{
    Outcome,
    cpu::{Meter, Use, Watched},
    database::{Databases, Name},
    fixture,
    http::{self, Ask, Connection, Load, Sample, Script},
    pgbench::{self, BOOK, Counted},
    report::Row,
};

/// As many as pgbench's clients.
const CONNECTIONS: usize = 16;
/// Server and pgbench take so many turns of so long, so that both see the same machine.
const TURNS: usize = 3;
const LASTING: Duration = Duration::from_secs(4);
/// Fills caches and prepares statements on every connection.
const WARM_UP: Duration = Duration::from_secs(2);
/// The share of pgbench's rate that is wanted.
const SHARE: f64 = 0.5;

/// Students who want one slot at once, how often that is tried, and when the last must have its answer.
const CROWD: i32 = 100;
const ROUNDS: i64 = 5;
const CROWD_WITHIN: Duration = Duration::from_secs(1);

/// What one order posts.
#[derive(sqlx::FromRow)]
struct Order {
    student: i32,
    tutor_id: Uuid,
    offering_id: Uuid,
    starts_at: DateTime<Utc>,
}

/// A booking in the words of the API.
fn post(addr: SocketAddr, order: &Order, key: &str) -> Option<Ask> {
    let body = json!({
        "tutor_id": order.tutor_id,
        "offering_id": order.offering_id,
        "start": order.starts_at,
        "duration": 15,
    });
    Request::post("/api/v2/bookings")
        .header("host", addr.to_string())
        .header("content-type", "application/json")
        .header("cookie", format!("lectern_session={}", fixture::token(order.student)))
        .header("idempotency-key", key)
        .body(Full::new(Bytes::from(body.to_string())))
        .ok()
}

/// Posts the orders one after another from [`CONNECTIONS`] connections, in turns with pgbench, which inserts
/// them on a copy.
pub async fn beside_pgbench(
    databases: &Databases,
    addr: SocketAddr,
    watched: Watched,
    (ours, theirs): (Name, Name),
    scratch: &Path,
) -> Outcome<Row> {
    let pool = databases.pool(ours).await?;
    let orders: Vec<Order> =
        sqlx::query_as("SELECT student, tutor_id, offering_id, starts_at FROM bench_orders ORDER BY n")
            .fetch_all(&pool)
            .await?;
    let each = orders.len() / (TURNS + 1);
    let (warm, measured) = orders.split_at(each);
    load(addr, warm, "warm", WARM_UP).await?.all(201)?;
    let (mut sample, mut counted) = (Sample::default(), Counted::default());
    let (mut used, mut used_by_pgbench) = (Use::default(), Use::default());
    for (turn, orders) in measured.chunks_exact(each).enumerate() {
        let meter = Meter::start(watched);
        let part = load(addr, orders, &format!("order-{turn}"), LASTING).await?;
        used = meter.read();
        part.all(201)?;
        sample.join(part);
        let meter = Meter::start(Watched { server: 0, ..watched });
        counted.join(pgbench::run(BOOK, &databases.options(theirs), turn * each, LASTING, scratch).await?);
        used_by_pgbench = meter.read();
    }
    stored(&pool, sample.count()).await?;
    pool.close().await;
    Ok(row(&sample, used, &counted, used_by_pgbench))
}

async fn load(addr: SocketAddr, orders: &[Order], key: &str, lasting: Duration) -> Outcome<Sample> {
    let asks: Option<Vec<_>> =
        orders.iter().enumerate().map(|(n, order)| post(addr, order, &format!("{key}-{n}"))).collect();
    let asks = asks.ok_or("a malformed request")?;
    let script: Script = Arc::new(move |n| asks.get(usize::try_from(n).ok()?).cloned());
    http::run(Load { addr, connections: CONNECTIONS, lasting }, &script).await
}

/// Every answered booking is a row, with all that belongs to it.
async fn stored(db: &PgPool, answered: u64) -> Outcome {
    let complete: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM bookings b JOIN claims c ON c.id = b.id JOIN lessons l ON l.booking_id = b.id
         JOIN booking_history h ON h.booking_id = b.id JOIN outbox o ON o.booking_id = b.id
         JOIN idempotency_keys k ON k.booking_id = b.id AND starts_with(k.key, 'order-')",
    )
    .fetch_one(db)
    .await?;
    if u64::try_from(complete).is_ok_and(|complete| complete == answered) {
        return Ok(());
    }
    Err(format!("{answered} bookings were answered and {complete} are stored").into())
}

fn row(sample: &Sample, used: Use, counted: &Counted, used_by_pgbench: Use) -> Row {
    let share = sample.rate() / counted.rate().max(f64::EPSILON);
    let measured = format!("{:.0}/s, pgbench {:.0}/s: {:.0} %", sample.rate(), counted.rate(), share * 100.0);
    let note = format!(
        "{} bookings in turns, {CONNECTIONS} connections, 500 tutors, 2000 students; p50 {:.1} ms, p99 {:.1} ms; {used}. \
         pgbench: the transaction alone, {CONNECTIONS} clients, mean {:.1} ms; {used_by_pgbench}",
        sample.count(),
        sample.within(500),
        sample.within(990),
        counted.latency()
    );
    Row::judged("bookings by `POST /api/v2/bookings`", measured, "≥ 50 % of pgbench", share >= SHARE, note)
}

/// What a crowd got.
#[derive(Default)]
struct Crowd {
    answers: BTreeMap<String, usize>,
    last: Duration,
    wrong: usize,
}

/// A hundred students post one slot at the same moment, some times over.
pub async fn crowd(db: &PgPool, addr: SocketAddr, watched: Watched) -> Outcome<Row> {
    let mut order: Order =
        sqlx::query_as("SELECT student, tutor_id, offering_id, starts_at FROM bench_orders WHERE n = 0")
            .fetch_one(db)
            .await?;
    // Beyond all that is ordered or booked, which ends at 09:30.
    order.starts_at += TimeDelta::hours(4);
    let before = order.starts_at;
    let mut all = Crowd::default();
    let meter = Meter::start(watched);
    for round in 0..ROUNDS {
        order.starts_at += TimeDelta::minutes(15);
        let (taken, answers, last) = stampede(addr, &order, round).await?;
        all.wrong += usize::from(!taken);
        all.last = all.last.max(last);
        for (answer, count) in answers {
            *all.answers.entry(answer).or_default() += count;
        }
    }
    let used = meter.read();
    let booked: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM bookings WHERE tutor_id = $1 AND starts_at > $2 AND starts_at <= $3",
    )
    .bind(order.tutor_id)
    .bind(before)
    .bind(order.starts_at)
    .fetch_one(db)
    .await?;
    let rights = all.wrong == 0 && booked == ROUNDS;
    let answers: Vec<_> = all.answers.iter().map(|(answer, count)| format!("{count} × {answer}")).collect();
    let note = format!("{ROUNDS} rounds: {}; {used}", answers.join(", "));
    Ok(Row::judged(
        "100 students post one slot at once",
        format!("last answer after {:.0} ms", all.last.as_secs_f64() * 1000.0),
        "one 201, 99 × 409 each, ≤ 1 s",
        rights && all.last <= CROWD_WITHIN,
        note,
    ))
}

/// One round: whether exactly one got the slot and all others a conflict, the answers, and when the last came.
async fn stampede(
    addr: SocketAddr,
    order: &Order,
    round: i64,
) -> Outcome<(bool, BTreeMap<String, usize>, Duration)> {
    let gate = Arc::new(Barrier::new(usize::try_from(CROWD)? + 1));
    let mut students = JoinSet::new();
    for student in 0..CROWD {
        let mut connection = Connection::open(addr).await?;
        let own = Order { student, ..*order };
        let ask = post(addr, &own, &format!("crowd-{round}")).ok_or("a malformed request")?;
        let gate = gate.clone();
        students.spawn(async move {
            gate.wait().await;
            let (status, body) = connection.ask(ask).await?;
            Outcome::Ok((answer(status, &body), Instant::now()))
        });
    }
    gate.wait().await;
    let began = Instant::now();
    let mut answers = BTreeMap::<String, usize>::new();
    let mut last = began;
    while let Some(one) = students.join_next().await {
        let (answer, at) = one??;
        *answers.entry(answer).or_default() += 1;
        last = last.max(at);
    }
    let of = |answer: &str| answers.get(answer).copied().unwrap_or_default();
    let right = of("201") == 1 && of("409 BOOKING_CONFLICT") == usize::try_from(CROWD)? - 1;
    Ok((right, answers, last - began))
}

/// Status and code of an answer.
fn answer(status: u16, body: &Bytes) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    match value["error"]["code"].as_str() {
        Some(code) => format!("{status} {code}"),
        None => status.to_string(),
    }
}
