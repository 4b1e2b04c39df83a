//! Comparing both sides of what moved, time by time, and naming what differs.
//!
//! All that both sides tell of a time is compared at once; nearly all of it agrees. Only what does not, because one
//! side tells of it at another time or because it differs, is looked up by itself. A movement that differs does so in
//! at least one of the times in which a side tells of it: the ledger tells of each once, at one instant, and what the
//! provider tells of it twice at two times disagrees with that in one of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::reconcile::{Kind, judge};

use super::{
    run::{Part, Run, Stage, tell},
    store::{self, Found, Key},
};
use crate::{AppError, Result, Services, jobs, mail::TellOfDifferences};

/// Lines, and events of the ledger, that are compared in one transaction.
pub(super) const fn window() -> i64 {
    10_000
}

/// Differences that are looked at again in one transaction.
const BATCH: i64 = 2000;

/// Transactions of one part.
const BATCHES: usize = 20;

/// What is to be judged next.
struct Batch {
    keys: BTreeSet<Key>,
    /// How many movements were looked at, and where they end. None: the stage is at its end.
    looked_at: i64,
    end: Option<(DateTime<Utc>, String)>,
}

/// Judges some batches.
pub(super) async fn batches(services: &Services, mut run: Run, size: i64) -> Result<Part> {
    for _ in 0..BATCHES {
        let mut db = services.db.acquire().await?;
        let batch = next(&mut db, &run, size).await?;
        let found = look_up(&mut db, &batch).await?;
        drop(db);
        match record(services, &run, batch, &found).await? {
            Some(further) => run = further,
            None => return Ok(Part::Done),
        }
    }
    Ok(Part::More)
}

async fn next(db: &mut sqlx::PgConnection, run: &Run, size: i64) -> Result<Batch> {
    if run.stage == Stage::Open { open(db, run).await } else { in_window(db, run, size).await }
}

/// What moved in the time that follows.
async fn in_window(db: &mut sqlx::PgConnection, run: &Run, size: i64) -> Result<Batch> {
    let window = store::find_window(db, run, size).await?;
    let compared = store::compare(db, &window).await?;
    Ok(Batch {
        keys: compared.unequal.into_iter().collect(),
        looked_at: compared.looked_at,
        end: Some((window.until, String::new())).filter(|(until, _)| *until < run.judged_until),
    })
}

/// What differed before.
async fn open(db: &mut sqlx::PgConnection, run: &Run) -> Result<Batch> {
    let rows = store::list_open(db, run, BATCH).await?;
    let looked_at = i64::try_from(rows.len()).map_err(AppError::fault)?;
    let end = rows.last().filter(|_| looked_at == BATCH).map(|row| (row.at, row.id.clone()));
    let keys = rows.into_iter().filter_map(|row| row.key).collect();
    Ok(Batch { keys, looked_at, end })
}

/// What both sides say of each movement, where they do not say the same.
async fn look_up(db: &mut sqlx::PgConnection, batch: &Batch) -> Result<Vec<Found>> {
    if batch.keys.is_empty() {
        return Ok(Vec::new());
    }
    store::list_unequal(db, &batch.keys).await
}

/// Notes what was found and how far it is, in one transaction: what comes next. `None` where that was the end, or
/// somebody else has noted it.
async fn record(services: &Services, run: &Run, batch: Batch, found: &[Found]) -> Result<Option<Run>> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let stage = if batch.end.is_some() { Some(run.stage) } else { run.stage.next() };
    let judged = if run.stage == Stage::Open { 0 } else { batch.looked_at };
    let Some(at) = store::set_judged(&mut tx, run, stage, batch.end, judged).await? else { return Ok(None) };
    let named = found.iter().filter_map(|it| Some((it, judge(it.ledger.as_ref(), it.provider.as_ref())?)));
    let named: Vec<_> = named.collect();
    let new = store::upsert_differences(&mut tx, run.id, &named, now).await?;
    let mut closed = 0;
    if run.stage == Stage::Open {
        let differ: BTreeSet<&Key> = named.iter().map(|(it, _)| &it.key).collect();
        let agree: Vec<&Key> = batch.keys.iter().filter(|key| !differ.contains(key)).collect();
        closed = store::close(&mut tx, &agree, now).await?;
    }
    let total = store::count_found(&mut tx, run.id, new, closed).await?;
    let Some(stage) = stage else {
        store::finish(&mut tx, run.id, now).await?;
        if total > 0 {
            tracing::error!(run = %run.id, differences = total, "the ledger and the payment provider differ");
            jobs::enqueue(&mut tx, &TellOfDifferences { run: run.id }).await?;
        }
        let people = tell(&mut tx, now).await?;
        tx.commit().await?;
        services.live.wake(&people);
        return Ok(None);
    };
    tx.commit().await?;
    Ok(Some(Run { stage, at, ..run.clone() }))
}

/// Whether a row of the database is of a movement that is compared.
pub(super) fn key(reference: String, kind: &str) -> Option<Key> {
    Kind::parse(kind).filter(|kind| kind.is_compared()).map(|kind| Key { kind, reference })
}
