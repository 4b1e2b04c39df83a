//! Holds: ten minutes in which a slot waits for its student.

use chrono::{DateTime, Utc};
use domain::{
    booking::{BookingRequest, HOLD, place},
    ids::{HoldId, UserId},
    interval::Interval,
};
use sqlx::PgConnection;

use super::{
    Hold, HoldRequest,
    conflict::{self, Wanted},
    store::{self, Claim},
    transaction,
};
use crate::{Actor, Result, Services, chance};

/// Reserves a slot for ten minutes. It is judged as a booking would be. A new hold of a student with the same
/// tutor replaces the former one.
///
/// # Errors
/// As [`place`](super::place()).
pub async fn hold(services: &Services, actor: &Actor, request: &HoldRequest) -> Result<Hold> {
    let student = actor.require_student()?;
    let now = services.clock.now();
    let mut retries = transaction::Retries::default();
    loop {
        let mut tx = services.begin().await?;
        let outcome = reserve(services, &mut tx, student, request, now).await;
        let outcome = transaction::finish(tx, outcome).await;
        if !retries.again(&outcome).await {
            return match outcome {
                Ok(hold) => Ok(hold),
                Err(error) => Err(conflict::explain(services, error, &wanted(student, request, now)).await),
            };
        }
    }
}

fn wanted(student: UserId, request: &HoldRequest, now: DateTime<Utc>) -> Wanted {
    Wanted {
        tutor: request.tutor,
        student,
        offering: request.offering,
        start: request.start,
        duration: request.duration,
        moving: None,
        now,
    }
}

async fn reserve(
    services: &Services,
    tx: &mut PgConnection,
    student: UserId,
    request: &HoldRequest,
    now: DateTime<Utc>,
) -> Result<Hold> {
    store::lock_parties(tx, request.tutor, student).await?;
    store::close_holds(tx, request.tutor, Some(student), now).await?;
    let context = transaction::tutor(services, tx, request.tutor, request.start, now).await?.into();
    let asked = BookingRequest {
        tutor: request.tutor,
        offering: request.offering,
        start: request.start,
        duration: request.duration,
        hold: None,
        note: None,
        card: None,
    };
    let placed = place(&context, &asked, now)?;
    let lesson = Interval::new(placed.slot.start, placed.slot.end);
    if !store::list_lessons(tx, student, lesson, None).await?.is_empty() {
        return Err(conflict::student_overlap().into());
    }
    let hold = Hold { id: chance::id(), expires_at: now + HOLD };
    let claim = Claim {
        id: hold.id.0,
        tutor: request.tutor,
        student,
        during: placed.claim,
        lesson,
        expires_at: Some(hold.expires_at),
        now,
    };
    store::insert_claim(tx, &claim).await?;
    store::insert_hold(tx, hold.id, student, request, &placed, now).await?;
    Ok(hold)
}

/// One's own hold with what it reserves, `None` once it has lapsed.
///
/// # Errors
/// Where the database cannot be read.
pub async fn find_hold(
    services: &Services,
    actor: &Actor,
    hold: HoldId,
) -> Result<Option<(Hold, HoldRequest)>> {
    let mut db = services.db.acquire().await?;
    let found = store::find_hold(&mut db, hold, actor.user, services.clock.now()).await?;
    Ok(found.and_then(|found| Some((found.live?, found.request))))
}

/// Gives a hold back. Giving back a lapsed one is fine.
///
/// # Errors
/// Where the database cannot be written.
pub async fn release(services: &Services, actor: &Actor, hold: HoldId) -> Result<()> {
    let mut db = services.db.acquire().await?;
    store::delete_hold(&mut db, hold, actor.user).await
}
