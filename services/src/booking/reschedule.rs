//! Moving a booking to another slot.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::{Booking, BookingRequest, BookingState, Context, Party, Placement, may_call_off, place},
    ids::{BookingId, UserId},
    interval::Interval,
    lesson::waits,
    tutor::{Offering, PricedDuration},
};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    conflict::{self, Wanted},
    events::{self, By, Change},
    store::{self, Found},
    transaction,
};
use crate::{Actor, Result, Services, availability, chance, lesson, payment};

/// Moves a booking to another slot in one swap: same id, new meeting link, the old one retired.
///
/// The new slot is judged as a new booking's would be, by the hours and settings of now, the booking's own
/// claim left out. The price stays unless the duration changes; then it is the offering's. A confirmed booking
/// stays confirmed. Moving a booking to where it is changes nothing.
///
/// # Errors
/// As [`cancel`](super::cancel) and [`place`](super::place()).
pub async fn reschedule(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    start: DateTime<Utc>,
    duration: Option<i64>,
) -> Result<Booking> {
    let now = services.clock.now();
    let before = super::find(services, actor, booking).await?;
    let wanted = Wanted {
        tutor: before.tutor,
        student: before.student,
        offering: Some(before.offering),
        start,
        duration: duration.unwrap_or(i64::from(before.duration)),
        moving: Some(booking),
        now,
    };
    let mut retries = transaction::Retries::default();
    let outcome = loop {
        let mut tx = services.begin().await?;
        let outcome = swap(services, &mut tx, actor, booking, &wanted, duration).await;
        let outcome = transaction::finish(tx, outcome).await;
        if !retries.again(&outcome).await {
            break outcome;
        }
    };
    match outcome {
        Ok((booking, people)) => {
            services.live.wake(&people);
            Ok(booking)
        }
        Err(error) => Err(conflict::explain(services, error, &wanted).await),
    }
}

async fn swap(
    services: &Services,
    tx: &mut PgConnection,
    actor: &Actor,
    id: BookingId,
    wanted: &Wanted,
    duration: Option<i64>,
) -> Result<(Booking, Vec<UserId>)> {
    let own_holds = Some(wanted.student).filter(|student| *student == actor.user);
    store::lock_parties(tx, wanted.tutor, wanted.student).await?;
    store::close_holds(tx, wanted.tutor, own_holds, wanted.now).await?;
    let found = super::own(actor, store::find_locked(tx, id, wanted.now).await?)?;
    let old = &found.booking;
    if !matches!(old.state, BookingState::Requested | BookingState::Confirmed) {
        return Err(Refusal::new(Code::InvalidState, "booking_state").into());
    }
    if old.expires_at.is_some_and(|lapse| lapse <= wanted.now) {
        return Err(Refusal::new(Code::InvalidState, "request_lapsed").into());
    }
    let party = super::party(actor, old).unwrap_or(Party::Tutor);
    may_call_off(party, old.start, &old.policy, wanted.now)?;
    let minutes = duration.unwrap_or(i64::from(old.duration));
    if wanted.start == old.start && minutes == i64::from(old.duration) {
        return Ok((found.booking, Vec::new()));
    }
    let placed = judge(services, tx, old, minutes, wanted).await?;
    write(tx, &found, &placed, wanted.now).await?;
    let moved = super::found(store::find(tx, id, wanted.now).await?)?;
    let change = Change {
        kind: "booking.rescheduled",
        from: Some(old.state),
        by: By::actor(actor, old),
        reason: None,
        details: json!({
            "old": { "start": old.start, "end": old.end },
            "new": { "start": placed.slot.start, "end": placed.slot.end },
        }),
        now: wanted.now,
    };
    payment::deposits::plan_again(tx, &moved.booking, wanted.now).await?;
    let people = events::record(tx, &moved, &change).await?;
    Ok((moved.booking, people.into()))
}

/// Judges the new slot as a new booking's.
async fn judge(
    services: &Services,
    tx: &mut PgConnection,
    old: &Booking,
    minutes: i64,
    wanted: &Wanted,
) -> Result<Placement> {
    let mut context: Context =
        transaction::tutor(services, tx, old.tutor, wanted.start, wanted.now).await?.into();
    let own = store::find_claim(tx, old.id).await?;
    context.busy = transaction::without(context.busy, own);
    let (offering, offered) = availability::store::find_offering(tx, old.offering).await?;
    context.offerings =
        offering_for(old, offering, offered, minutes).map(|it| (old.offering, it)).into_iter().collect();
    if context.offerings.is_empty() {
        context.readiness.check()?;
        return Err(Refusal::on(Code::InvalidDuration, "duration_not_offered", "duration").into());
    }
    let request = BookingRequest {
        tutor: old.tutor,
        offering: Some(old.offering),
        start: wanted.start,
        duration: minutes,
        hold: None,
        note: None,
        card: None,
    };
    let placed = place(&context, &request, wanted.now)?;
    let lesson = Interval::new(placed.slot.start, placed.slot.end);
    if !store::list_lessons(tx, old.student, lesson, Some(old.id)).await?.is_empty() {
        return Err(conflict::student_overlap().into());
    }
    Ok(placed)
}

/// The offering by which the move is judged: for the same duration with the price that was agreed, even if
/// it is offered no more; for another one as it is offered now, if it is.
fn offering_for(old: &Booking, mut offering: Offering, offered: bool, minutes: i64) -> Option<Offering> {
    if minutes == i64::from(old.duration) {
        offering.currency = old.currency;
        offering.durations = vec![PricedDuration { minutes: old.duration, price_minor: old.price_minor }];
        return Some(offering);
    }
    offered.then_some(offering)
}

async fn write(tx: &mut PgConnection, found: &Found, placed: &Placement, now: DateTime<Utc>) -> Result<()> {
    let old = &found.booking;
    store::retire_token(tx, old, now).await?;
    if !store::set_slot(tx, old, placed, &chance::token(), now).await? {
        return Err(Refusal::new(Code::InvalidState, "booking_state").into());
    }
    let lesson = Interval::new(placed.slot.start, placed.slot.end);
    store::set_claim(tx, old.id, placed.claim, lesson).await?;
    lesson::store::reset(tx, old.lesson, waits(placed.duration)).await
}
