//! Paying tutors: many payouts that are due at once, against a payment provider that takes its time, at the pace at which
//! a server calls it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use domain::{
    account::{Language, Role},
    ids::{TutorId, UserId},
    zone::Zone,
};
use serde_json::json;
use services::{
    Actor, Services,
    invariants::{self, Violations},
    jobs, payout, testing,
};
use sqlx::PgPool;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use crate::{
    Outcome,
    charging::Provider,
    cpu::{Meter, Watched},
    database::{Databases, Name},
    fixture, http, process,
    report::Row,
};

/// The row of the table.
const ALL_PAID: &str = "10,000 transfers to tutors, 80 calls a second";

const PAYEES: Name = "bench_payees";

/// Tutors, each with a lesson to be paid for.
const TUTORS: u64 = 10_000;
/// How often a server calls the provider in a second.
const PACE: f64 = 80.0;
/// How long the provider thinks.
const THINKS_MS: u64 = 50;
/// What is kept of the pace, at least.
const KEPT: f64 = 0.95;
/// Tutors who set up their accounts at once.
const AT_ONCE: usize = 16;
/// What the platform has with the provider, minor units: more than goes to all tutors together.
const BALANCE: u64 = 50_000_000;

/// Measures.
pub async fn rows(
    databases: &Databases,
    server: &Path,
    scratch: &Path,
    now: DateTime<Utc>,
) -> Outcome<Vec<Row>> {
    let provider = Provider::start(server).await?;
    databases.create(PAYEES).await?;
    let pool = databases.pool(PAYEES).await?;
    jobs::migrate(&pool).await?;
    fixture::teachers(&pool, now).await?;
    fixture::payees(&pool, now).await?;
    top_up(&provider).await?;
    let services = testing::services_with(pool.clone(), Some(&provider.stripe));
    services.clock.set(&pool, Some(now)).await?;
    set_up(&services, &provider).await?;
    sqlx::query("UPDATE payout_accounts SET look_at = $1").bind(now).execute(&pool).await?;
    databases.settle(PAYEES).await?;
    let row = pay_all(databases, &provider, server, scratch, &services).await;
    pool.close().await;
    Ok(vec![row?])
}

/// Brings money to the platform that is available at once.
async fn top_up(provider: &Provider) -> Outcome {
    let form = format!(
        "amount={BALANCE}&currency=eur&payment_method=pm_card_bypassPending&confirm=true\
         &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
    );
    let (status, _) = provider.post("/v1/payment_intents", form).await?;
    if status == 200 { Ok(()) } else { Err(format!("the sandbox answers {status} to a payment").into()) }
}

/// Every tutor goes through onboarding, as people do, some at once.
async fn set_up(services: &Services, provider: &Provider) -> Outcome {
    let tutors: Vec<(Uuid, Uuid)> =
        sqlx::query_as("SELECT id, user_id FROM tutors WHERE slug LIKE 'payee-%'")
            .fetch_all(&services.db)
            .await?;
    let mut working = JoinSet::new();
    for part in tutors.chunks(tutors.len().div_ceil(AT_ONCE)) {
        let (part, services, provider) = (part.to_vec(), services.clone(), provider.clone());
        working.spawn(async move {
            for (tutor, user) in part {
                onboard(&services, &provider, TutorId(tutor), UserId(user)).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(done) = working.join_next().await {
        done??;
    }
    Ok(())
}

async fn onboard(services: &Services, provider: &Provider, tutor: TutorId, user: UserId) -> Outcome {
    let actor = Actor {
        user,
        role: Role::Tutor,
        tutor: Some(tutor),
        name: String::new(),
        zone: Zone::UTC,
        language: Language::En,
    };
    let link = payout::begin_onboarding(services, &actor, tutor, "/tutor/earnings").await?;
    let path = link.strip_prefix(provider.url()).ok_or("a link to somewhere else")?;
    http::once(provider.addr()?, http::get(provider.addr()?, path)?).await?;
    let (status, _) = provider.post(path, "outcome=complete".to_owned()).await?;
    if status != 303 {
        return Err(format!("the sandbox answers {status} to an onboarding").into());
    }
    Ok(payout::look_again(services, &actor, tutor).await?)
}

/// Starts a server on what is due, and waits until every tutor is paid.
async fn pay_all(
    databases: &Databases,
    provider: &Provider,
    server: &Path,
    scratch: &Path,
    services: &Services,
) -> Outcome<Row> {
    provider.control("PUT", "latency", Some(json!({ "ms": THINKS_MS }))).await?;
    let (url, api) = (databases.url(PAYEES), provider.url());
    let environment = [
        ("LECTERN_ENV", "development"),
        ("LOG_LEVEL", "warn"),
        ("DATABASE_URL", &*url),
        ("STRIPE_SECRET_KEY", "sk_test_sandbox"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_sandbox"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
        ("STRIPE_API_BASE", api),
        ("STRIPE_JS_URL", api),
    ];
    let began = Instant::now();
    let log = scratch.join("payees.log");
    let running = process::start(server, &["serve"], &environment, &log).await?;
    let meter = Meter::start(Watched { server: running.pid, postgres: databases.pid() });
    let within = Duration::from_secs_f64(2.0 * TUTORS as f64 / PACE);
    let paid = wait(&services.db, began, within).await?;
    let took = began.elapsed();
    let used = meter.read();
    let stands = stands(&services.db).await?;
    running.stop().await?;
    let state = provider.control("GET", "state", None).await?;
    let transfers = state["transfers"].as_u64().unwrap_or_default();
    let found = invariants::count(services).await?;
    if (paid, transfers) != (TUTORS, TUTORS) || found != Violations::default() {
        let said = process::last_words(&log);
        return Err(format!(
            "{paid} of {TUTORS} are paid, by {transfers} transfers; {stands}; the server's last words: {said}; {found:?}"
        )
        .into());
    }
    let rate = TUTORS as f64 / took.as_secs_f64();
    Ok(Row::judged(
        ALL_PAID,
        format!("{:.0} s, {rate:.1}/s", took.as_secs_f64()),
        "76 to 80/s",
        (KEPT * PACE..PACE * 1.02).contains(&rate),
        format!(
            "from the start of one server, which made the payouts too; the sandbox answers after {THINKS_MS} ms; as many transfers \
             as payouts and no invariant broken at the end; a second's calls may come at once in the beginning; {used}, the \
             sandbox among the others"
        ),
    ))
}

/// How far the payouts are, and their jobs: for whoever looks for why they stand still.
async fn stands(db: &PgPool) -> Outcome<String> {
    let counts = "SELECT format('%s accounts to look at, %s payouts under way, %s failed, %s jobs wait, %s are taken, %s failed once',
        (SELECT count(*) FROM payout_accounts WHERE look_at IS NOT NULL),
        (SELECT count(*) FROM payouts WHERE state = 'pending'), (SELECT count(*) FROM payouts WHERE state = 'failed'),
        count(*) FILTER (WHERE locked_at IS NULL), count(locked_at), count(*) FILTER (WHERE attempts > 1))
        FROM graphile_worker._private_jobs";
    Ok(sqlx::query_scalar(counts).fetch_one(db).await?)
}

/// Waits until all are paid, or the time is over; how many are.
async fn wait(db: &PgPool, began: Instant, within: Duration) -> Outcome<u64> {
    loop {
        let paid: i64 =
            sqlx::query_scalar("SELECT count(*) FROM payouts WHERE state = 'paid'").fetch_one(db).await?;
        if paid.unsigned_abs() == TUTORS || began.elapsed() > within {
            return Ok(paid.unsigned_abs());
        }
        sleep(Duration::from_millis(200)).await;
    }
}
