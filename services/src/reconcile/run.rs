//! A comparison from its beginning to its end, in steps: each is one transaction, and the next begins where it ended.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{ReconciliationId, UserId},
    reconcile::{EVERY, GRACE},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use super::{judge, read, store};
use crate::{
    Actor, Result, Services, account, chance,
    jobs::{self, Job},
    live,
};

/// The job that goes on with a comparison. It does a part of it, so that it never lasts long, and asks for the next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reconcile {
    /// Which.
    pub run: ReconciliationId,
    /// As many lines, and as many events of the ledger, are compared in one transaction.
    #[serde(default = "judge::window")]
    pub window: i64,
}

impl Job for Reconcile {
    const NAME: &'static str = "reconcile";

    async fn run(self, services: &Services) -> Result<()> {
        if part(services, &self).await? == Part::More {
            jobs::enqueue(&mut *services.db.acquire().await?, &self).await?;
        }
        Ok(())
    }
}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The provider's lines are read.
    Reading,
    /// What both sides tell of is compared.
    Provider,
    /// The same, as releases before this one go on after it.
    Ledger,
    /// What differed before is looked at again.
    Open,
}

impl Stage {
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Reading => "reading",
            Stage::Provider => "provider",
            Stage::Ledger => "ledger",
            Stage::Open => "open",
        }
    }

    pub fn parse(name: &str) -> Option<Stage> {
        [Stage::Reading, Stage::Provider, Stage::Ledger, Stage::Open].into_iter().find(|it| it.name() == name)
    }

    /// What comes after it; `None` after the last.
    pub const fn next(self) -> Option<Stage> {
        match self {
            Stage::Reading => Some(Stage::Provider),
            Stage::Provider | Stage::Ledger => Some(Stage::Open),
            Stage::Open => None,
        }
    }
}

/// A comparison that is not at its end.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub id: ReconciliationId,
    pub stage: Stage,
    pub read_from: Option<DateTime<Utc>>,
    /// The last line that was read.
    pub cursor: Option<String>,
    pub judged_until: DateTime<Utc>,
    /// How far the stage is: instant and id of the last that was judged.
    pub at: (DateTime<Utc>, String),
}

/// What a step leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// There is more to do.
    More,
    /// It is at its end, or somebody else goes on with it.
    Done,
}

/// Clocks may differ by so much, and lines be told so late.
const LENIENCE: TimeDelta = TimeDelta::hours(1);

/// When a comparison was handed out that counts as the present one. One of a later time is of a clock that was set back.
fn present(now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    (now - EVERY, now + LENIENCE)
}

/// Begins the comparison of the day where it is due, and hands out again what has lain for a day; whether there was
/// anything. Any number of servers may ask. Without a payment provider there is nothing to compare with.
///
/// # Errors
/// Where the database cannot be written.
pub async fn hand_out(services: &Services) -> Result<bool> {
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    if services.payments.is_none() || store::was_handed_out(&mut db, present(now)).await? {
        return Ok(false);
    }
    drop(db);
    begin(services, None, judge::window(), now).await
}

/// An admin has it done now, unless one is under way; whether it was begun.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS` for anyone but an admin; a fault where no payment provider is configured.
pub async fn run_now(services: &Services, actor: &Actor) -> Result<bool> {
    run_in(services, actor, judge::window()).await
}

/// The same, with so many lines and events of the ledger in one transaction.
///
/// # Errors
/// As [`run_now`].
pub async fn run_in(services: &Services, actor: &Actor, window: i64) -> Result<bool> {
    actor.require_admin()?;
    services.payments()?;
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let under_way = store::find_open(&mut db, None).await?.is_some();
    drop(db);
    if under_way { Ok(false) } else { begin(services, Some(actor.user), window, now).await }
}

/// Begins a comparison, or goes on with the one that is open; whether it was ours to begin.
async fn begin(
    services: &Services,
    asked_by: Option<UserId>,
    window: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let mut tx = services.begin().await?;
    let open = store::take_open(&mut tx, present(now), now).await?;
    let run = match open {
        Some(run) => run,
        None => {
            let run = chance::id();
            let new = store::NewRun { id: run, asked_by, until: now - GRACE, lenience: LENIENCE, now };
            if !store::insert(&mut tx, &new).await? {
                return Ok(false);
            }
            run
        }
    };
    jobs::enqueue(&mut tx, &Reconcile { run, window }).await?;
    tx.commit().await?;
    Ok(true)
}

/// Does a part of a comparison.
async fn part(services: &Services, job: &Reconcile) -> Result<Part> {
    let mut db = services.db.acquire().await?;
    let run = store::find_open(&mut db, Some(job.run)).await?;
    drop(db);
    match run {
        None => Ok(Part::Done),
        Some(run) if run.stage == Stage::Reading => read::pages(services, run).await,
        Some(run) => judge::batches(services, run, job.window).await,
    }
}

/// Tells the admins' open pages how far it is; whom to wake after the commit.
pub(super) async fn tell(tx: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<UserId>> {
    let people = account::list_admins(tx).await?;
    live::record(tx, &people, "reconciliation", &json!({}), now).await?;
    Ok(people)
}
