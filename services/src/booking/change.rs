//! Changing the state of a booking: cancel, confirm, decline, complete.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::{Booking, BookingEvent, BookingState, Party, may_call_off},
    ids::{BookingId, UserId},
    lesson::LessonEvent,
};
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    events::{self, By, Change},
    store::{self, Found},
    transaction,
};
use crate::{Actor, Result, Services, lesson, payment};

/// Calls a booking off: the student until the notice before the start, the tutor (or an admin) until the start.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `CANCELLATION_TOO_LATE`, `INVALID_STATE`, `INVALID_REQUEST` for a reason over 500
/// characters.
pub async fn cancel(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    reason: Option<&str>,
) -> Result<Booking> {
    change(services, actor, booking, Wish::Cancel(parse_reason(reason)?)).await
}

/// The tutor says yes to a request.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS` for the student, `INVALID_STATE`, also once the request
/// has lapsed, `PROVIDER_REQUIRED` where the lesson could take place nowhere.
pub async fn confirm(services: &Services, actor: &Actor, booking: BookingId) -> Result<Booking> {
    change(services, actor, booking, Wish::Confirm).await
}

/// The tutor says no to a request.
///
/// # Errors
/// As [`confirm`].
pub async fn decline(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    reason: Option<&str>,
) -> Result<Booking> {
    change(services, actor, booking, Wish::Decline(parse_reason(reason)?)).await
}

/// The tutor ends the lesson, from its start on: a trusted end. What it comes to follows from the attendance
/// so far; with both present an end before the scheduled one is an early end. Ending a lesson that has ended
/// (the scheduler may have been quicker) changes nothing.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS`, `INVALID_STATE`.
pub async fn complete(services: &Services, actor: &Actor, booking: BookingId) -> Result<Booking> {
    change(services, actor, booking, Wish::Complete).await
}

/// The tutor marks the student absent; see [`lesson::mark_no_show`].
///
/// # Errors
/// As there.
pub(crate) async fn mark_no_show(services: &Services, actor: &Actor, booking: BookingId) -> Result<Booking> {
    change(services, actor, booking, Wish::MarkNoShow).await
}

/// What somebody wants to become of a booking; the words are why.
enum Wish {
    Cancel(Option<String>),
    Confirm,
    Decline(Option<String>),
    Complete,
    MarkNoShow,
}

/// One transaction over a booking of the actor's that nobody else changes meanwhile.
async fn change(services: &Services, actor: &Actor, booking: BookingId, wish: Wish) -> Result<Booking> {
    let now = services.clock.now();
    let mut retries = transaction::Retries::default();
    let outcome = loop {
        let mut tx = services.begin().await?;
        let outcome = fulfil(services, &mut tx, actor, booking, &wish, now).await;
        let outcome = transaction::finish(tx, outcome).await;
        if !retries.again(&outcome).await {
            break outcome;
        }
    };
    let (booking, people) = outcome?;
    services.live.wake(&people);
    Ok(booking)
}

async fn fulfil(
    services: &Services,
    tx: &mut PgConnection,
    actor: &Actor,
    id: BookingId,
    wish: &Wish,
    now: DateTime<Utc>,
) -> Result<(Booking, Vec<UserId>)> {
    let found = super::own(actor, store::find_locked(tx, id, now).await?)?;
    let by = By::actor(actor, &found.booking);
    let step = |to, kind, reason| Step { to, kind, by, reason, now };
    let people = match wish {
        Wish::Cancel(reason) => {
            let to = found.booking.state.on(BookingEvent::Cancel)?;
            let party = super::party(actor, &found.booking).unwrap_or(Party::Tutor);
            may_call_off(party, found.booking.start, &found.booking.policy, now)?;
            leave(tx, &found, &step(to, "booking.cancelled", reason.as_deref())).await?.into()
        }
        Wish::Confirm => {
            let to = answer(actor, &found, BookingEvent::Confirm, now)?;
            require_provider(services, tx, &found, now).await?;
            let confirmed = Booking { state: to, ..found.booking.clone() };
            payment::deposits::plan(tx, &confirmed, now).await?;
            advance(tx, &found, &step(to, "booking.confirmed", None)).await?.into()
        }
        Wish::Decline(reason) => {
            let to = answer(actor, &found, BookingEvent::Decline, now)?;
            leave(tx, &found, &step(to, "booking.declined", reason.as_deref())).await?.into()
        }
        Wish::Complete => {
            actor.require_tutor(found.booking.tutor)?;
            if matches!(found.booking.state, BookingState::Completed | BookingState::EarlyEnd) {
                let people = vec![found.booking.student, found.tutor_user];
                return Ok((found.booking, people));
            }
            require_confirmed(&found)?;
            lesson::life::apply(tx, &found, LessonEvent::EndedByTutor, by, now).await?
        }
        Wish::MarkNoShow => {
            actor.require_tutor(found.booking.tutor)?;
            require_confirmed(&found)?;
            lesson::life::apply(tx, &found, LessonEvent::MarkedNoShow, by, now).await?
        }
    };
    let changed = super::found(store::find(tx, id, now).await?)?;
    Ok((changed.booking, people))
}

/// Gives a confirmed booking whose scheduled end is reached the outcome that its evidence means.
pub(crate) async fn settle(tx: &mut PgConnection, found: &Found, now: DateTime<Utc>) -> Result<Vec<UserId>> {
    lesson::life::apply(tx, found, LessonEvent::EndReached, By::System, now).await
}

/// Calls a booking off that cannot stand: it was to be paid ahead, and was not.
pub(crate) async fn withdraw(
    tx: &mut PgConnection,
    found: &Found,
    now: DateTime<Utc>,
) -> Result<[UserId; 2]> {
    let to = found.booking.state.on(BookingEvent::Cancel)?;
    let step = Step { to, kind: "booking.cancelled", by: By::System, reason: None, now };
    leave(tx, found, &step).await
}

/// Lets a request lapse that nobody answered.
pub(crate) async fn expire(tx: &mut PgConnection, found: &Found, now: DateTime<Utc>) -> Result<Vec<UserId>> {
    let to = found.booking.state.on(BookingEvent::Expire)?;
    let step = Step { to, kind: "booking.expired", by: By::System, reason: None, now };
    Ok(leave(tx, found, &step).await?.into())
}

/// Only a confirmed booking has a lesson that can come out.
fn require_confirmed(found: &Found) -> Result<()> {
    match found.booking.state {
        BookingState::Confirmed => Ok(()),
        _ => Err(Refusal::new(Code::InvalidState, "booking_state").into()),
    }
}

/// A change of state.
pub(crate) struct Step<'a> {
    /// The state after it.
    pub to: BookingState,
    /// The event, such as `booking.cancelled`.
    pub kind: &'a str,
    pub by: By,
    pub reason: Option<&'a str>,
    pub now: DateTime<Utc>,
}

/// The tutor's answer to a request that has not lapsed.
fn answer(actor: &Actor, found: &Found, event: BookingEvent, now: DateTime<Utc>) -> Result<BookingState> {
    actor.require_tutor(found.booking.tutor)?;
    let to = found.booking.state.on(event)?;
    if found.booking.expires_at.is_some_and(|lapse| lapse <= now) {
        return Err(Refusal::new(Code::InvalidState, "request_lapsed").into());
    }
    Ok(to)
}

/// Without a valid video provider no booking is accepted.
async fn require_provider(
    services: &Services,
    tx: &mut PgConnection,
    found: &Found,
    now: DateTime<Utc>,
) -> Result<()> {
    let tutor = transaction::tutor(services, tx, found.booking.tutor, found.booking.start, now).await?;
    if tutor.readiness.provider {
        return Ok(());
    }
    Err(Refusal::new(Code::ProviderRequired, "provider_required").into())
}

/// Moves a booking to a state in which its slot is free again and its lesson does not take place.
async fn leave(tx: &mut PgConnection, found: &Found, step: &Step<'_>) -> Result<[UserId; 2]> {
    lesson::life::apply(tx, found, LessonEvent::CalledOff, step.by, step.now).await?;
    store::delete_claim(tx, found.booking.id).await?;
    advance(tx, found, step).await
}

/// Moves a booking on from just the state that was judged.
pub(crate) async fn advance(tx: &mut PgConnection, found: &Found, step: &Step<'_>) -> Result<[UserId; 2]> {
    let from = found.booking.state;
    if !store::set_state(tx, found.booking.id, from, step.to, step.reason, step.now).await? {
        return Err(Refusal::new(Code::InvalidState, "booking_state").into());
    }
    let mut changed = found.clone();
    changed.booking.state = step.to;
    let change = Change {
        kind: step.kind,
        from: Some(from),
        by: step.by,
        reason: step.reason,
        details: Value::Null,
        now: step.now,
    };
    events::record(tx, &changed, &change).await
}

/// Words of 1–500 characters; blank ones are none.
fn parse_reason(text: Option<&str>) -> Result<Option<String>> {
    match text.filter(|text| !text.trim().is_empty()) {
        None => Ok(None),
        Some(text) => {
            let parsed = domain::account::paragraph(text, 1, 500);
            Ok(Some(parsed.ok_or(Refusal::on(Code::InvalidRequest, "reason", "reason"))?))
        }
    }
}
