//! From what happened to what is done about it: rows of the outbox become jobs, each row once.

use std::{convert::Infallible, time::Duration};

use sqlx::PgConnection;

use super::{enqueue, store, store::Undispatched};
use crate::{
    Result, Services,
    diary::WriteLesson,
    mail::{Kind, TellOfBooking, TellOfDispute, TellOfRefund, WriteMail},
    video::ArrangeMeeting,
};

/// How many rows are dispatched in one transaction.
const BATCH: i64 = 200;

/// How soon after a commit its events and charges are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Hands every event of the outbox to the jobs that follow from it, in order; how many jobs. Rows that another server
/// works on are left to it.
///
/// # Errors
/// Where the database cannot be written: the batch is then dispatched again, whole.
pub async fn dispatch(services: &Services) -> Result<u64> {
    let mut jobs = 0;
    loop {
        let mut tx = services.begin().await?;
        let events = store::take_undispatched(&mut tx, BATCH, services.clock.now()).await?;
        for event in &events {
            jobs += fan_out(&mut tx, event).await?;
        }
        tx.commit().await?;
        if events.is_empty() {
            return Ok(jobs);
        }
    }
}

/// Enqueues what an event asks for; how many jobs.
async fn fan_out(tx: &mut PgConnection, event: &Undispatched) -> Result<u64> {
    let cause = event.cause.clone();
    let mut jobs = 0;
    if let Some((kind, booking)) = Kind::of_event(&event.kind).zip(event.booking) {
        cause.clone().scope(enqueue(tx, &WriteMail { kind, booking })).await?;
        jobs += 1;
    } else if TellOfBooking::is_asked_for(&event.kind) {
        cause.clone().scope(enqueue(tx, &TellOfBooking { event: event.id })).await?;
        jobs += 1;
    } else if TellOfDispute::is_asked_for(&event.kind) {
        cause.clone().scope(enqueue(tx, &TellOfDispute { event: event.id })).await?;
        jobs += 1;
    } else if TellOfRefund::is_asked_for(&event.kind) {
        cause.clone().scope(enqueue(tx, &TellOfRefund { event: event.id })).await?;
        jobs += 1;
    }
    let in_calendar = event.in_calendar && WriteLesson::is_asked_for(&event.kind);
    if let Some(booking) = event.booking.filter(|_| in_calendar) {
        cause.clone().scope(enqueue(tx, &WriteLesson { booking })).await?;
        jobs += 1;
    }
    let has_meeting = event.has_meeting && WriteLesson::is_asked_for(&event.kind);
    if let Some(booking) = event.booking.filter(|_| has_meeting) {
        cause.scope(enqueue(tx, &ArrangeMeeting { booking })).await?;
        jobs += 1;
    }
    Ok(jobs)
}

/// Hands out soon after each commit and each end of a lesson, for as long as it is polled.
pub(super) async fn watch(services: &Services) -> Infallible {
    loop {
        if let Err(error) = look(services).await {
            tracing::error!(%error, "what is due is not handed out");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look(services: &Services) -> Result<()> {
    // The clock of development may have been moved by another server.
    services.clock.follow(&services.db).await?;
    super::hand_out(services).await?;
    Ok(())
}
