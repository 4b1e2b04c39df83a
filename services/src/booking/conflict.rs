//! A slot that cannot be had, and what can be had instead.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    booking::choose,
    ids::{BookingId, OfferingId, TutorId, UserId},
    interval::Interval,
    slot::Slot,
};
use serde_json::json;

use super::{store, transaction};
use crate::{
    AppError, Result, Services,
    availability::{self, MAX_RANGE},
    settings,
};

/// How many fresh slots are told.
const FRESH: usize = 20;

/// The slot that somebody wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub tutor: TutorId,
    pub student: UserId,
    pub offering: Option<OfferingId>,
    pub start: DateTime<Utc>,
    /// Minutes.
    pub duration: i64,
    /// The booking that would move there.
    pub moving: Option<BookingId>,
    pub now: DateTime<Utc>,
}

/// The student has another lesson at that time.
pub(crate) fn student_overlap() -> Refusal {
    Refusal::on(Code::BookingConflict, "student_overlap", "start")
}

/// Turns the constraints into refusals, and gives every conflict its fresh slots. Called when the
/// transaction is over: it takes a connection of its own.
pub(crate) async fn explain(services: &Services, error: AppError, wanted: &Wanted) -> AppError {
    let refusal = match (error.constraint(), &error) {
        (Some("claims_tutor_overlap"), _) => Refusal::on(Code::BookingConflict, "slot_taken", "start"),
        (Some("claims_student_overlap"), _) => student_overlap(),
        (_, AppError::Refused { refusal, .. }) if refusal.code == Code::BookingConflict => refusal.clone(),
        _ => return error,
    };
    match fresh(services, wanted).await {
        Ok(slots) => AppError::with_details(refusal, json!({ "slots": slots })),
        Err(error) => error,
    }
}

/// The next slots from the day of the wanted start on, as the tutor counts days, without those at which
/// the student has another lesson.
async fn fresh(services: &Services, wanted: &Wanted) -> Result<Vec<Slot>> {
    let mut db = services.db.acquire().await?;
    let settings = settings::load_here(services, &mut db).await?;
    // The zone is known once the context is: a day more than any civil day reaches back.
    let asked = Interval::new(wanted.start - TimeDelta::hours(26), wanted.start + MAX_RANGE);
    let range = availability::store::near(asked, wanted.now);
    let mut found = availability::store::load(&mut db, &[wanted.tutor], range, &settings, wanted.now).await?;
    let Some(mut context) = found.remove(&wanted.tutor) else { return Ok(Vec::new()) };
    if let Some(moving) = wanted.moving {
        let own = store::find_claim(&mut db, moving).await?;
        context.busy = transaction::without(std::mem::take(&mut context.busy), own);
    }
    let lessons = store::list_lessons(&mut db, wanted.student, range, wanted.moving).await?;
    drop(db);
    let Ok((_, offering, minutes)) = choose(&context.offerings, wanted.offering, wanted.duration) else {
        return Ok(Vec::new());
    };
    let zone = context.availability.zone();
    let day = zone.day(zone.to_wall(wanted.start).local.date());
    let range = Interval::new(day.map_or(range.start, |day| day.start.max(range.start)), range.end);
    let slots = context.slots(offering, minutes, wanted.now, range).into_iter();
    let apart = |slot: &Slot| !lessons.iter().any(|own| own.overlaps(&Interval::new(slot.start, slot.end)));
    Ok(slots.filter(apart).take(FRESH).collect())
}
