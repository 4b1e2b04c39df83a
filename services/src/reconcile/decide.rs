//! An admin closes a difference that was settled by hand, or opens it again.

use chrono::{DateTime, Utc};
use domain::{Code, Refusal, account::paragraph};
use sqlx::{Postgres, Transaction};

use super::{run::tell, store, views::Difference};
use crate::{Actor, AppError, Result, Services};

/// The constraint by which a movement has one open difference at most.
const ONE_OPEN: &str = "differences_open";

/// Closes a difference that was settled by hand, such as at the provider, with words on what was done. No money moves.
/// It is no longer counted; a comparison that finds the same again leaves it closed, one that finds another fault or
/// other amounts lists it anew. `seen` is the [`Difference::mark`] of what the admin read.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `INVALID_REQUEST` (`case_note`) on `note` unless it has 1 to 500 characters,
/// `NOT_FOUND`, `INVALID_STATE` where it is closed (`difference_closed`) and where it says something else by now
/// (`difference_changed`).
pub async fn close_by_hand(
    services: &Services,
    actor: &Actor,
    id: i64,
    seen: &str,
    note: &str,
) -> Result<()> {
    actor.require_admin()?;
    let note = paragraph(note, 1, 500).ok_or(Refusal::on(Code::InvalidRequest, "case_note", "note"))?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let difference = find_locked(&mut tx, id).await?;
    if difference.closed_at.is_some() {
        return Err(refused("difference_closed"));
    }
    if difference.mark() != seen {
        return Err(refused("difference_changed"));
    }
    store::set_closed(&mut tx, id, actor.user, now).await?;
    store::insert_decision(&mut tx, id, Some(&note), actor.user, now).await?;
    finish(services, tx, now).await
}

/// Opens a difference again that was closed by hand.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, `NOT_FOUND`, `INVALID_STATE` (`difference_open`) where it was not closed by hand, and
/// where the movement has an open difference by now.
pub async fn open_again(services: &Services, actor: &Actor, id: i64) -> Result<()> {
    actor.require_admin()?;
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    if !find_locked(&mut tx, id).await?.closed_by_hand {
        return Err(refused("difference_open"));
    }
    store::set_open(&mut tx, id).await.map_err(|error| match error.constraint() {
        Some(ONE_OPEN) => refused("difference_open"),
        _ => error,
    })?;
    store::insert_decision(&mut tx, id, None, actor.user, now).await?;
    finish(services, tx, now).await
}

async fn find_locked(tx: &mut Transaction<'_, Postgres>, id: i64) -> Result<Difference> {
    store::lock(tx, id).await?;
    let found = store::find_difference(tx, id).await?;
    found.ok_or_else(|| Refusal::new(Code::NotFound, "not_found").into())
}

fn refused(key: &'static str) -> AppError {
    Refusal::new(Code::InvalidState, key).into()
}

async fn finish(services: &Services, mut tx: Transaction<'_, Postgres>, now: DateTime<Utc>) -> Result<()> {
    let people = tell(&mut tx, now).await?;
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}
