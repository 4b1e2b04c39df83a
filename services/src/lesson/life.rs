//! Carries out what `domain::lesson::advance` decides: one conditional transition, with all that follows from it
//! in the same transaction.

use chrono::{DateTime, Utc};
use domain::{
    attendance::{Kind, Record},
    booking::{Booking, BookingEvent, BookingState, Party},
    charge::Rule,
    ids::UserId,
    lesson::{Advance, Effect, Evidence, Lesson, LessonEvent, LessonState, advance},
};
use serde_json::json;
use sqlx::PgConnection;

use super::store;
use crate::{
    Result,
    booking::{self, By, Found, Step},
    live, payment,
};

/// Our own link and pages, as a source of evidence.
pub(crate) const OURSELVES: &str = "lectern";

/// A browser that told of it afterwards, as a source of evidence.
pub(crate) const BROWSER: &str = "browser";

/// Everything that decides about the lesson of a booking. The booking is locked, and with it its lesson.
pub(crate) async fn load(tx: &mut PgConnection, booking: &Booking) -> Result<Lesson> {
    let (state, evidence) = store::find_evidence(tx, booking).await?;
    Ok(lesson(booking, state, evidence))
}

/// The lesson of a booking, with its state as kept and what is on record.
pub(crate) fn lesson(booking: &Booking, state: LessonState, evidence: Evidence) -> Lesson {
    Lesson {
        state,
        start: booking.start,
        end: booking.end,
        no_show_wait: booking.no_show_wait,
        min_payable: booking.min_payable,
        evidence,
        terms: booking.terms(),
    }
}

/// Who says that something happened, the id of that saying, and when a browser told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub source: &'a str,
    pub reference: Option<&'a str>,
    pub told_at: Option<DateTime<Utc>>,
}

impl<'a> Origin<'a> {
    /// Our own link and pages; `click` is the browser's name for the press of a button.
    pub(crate) const fn ours(click: Option<&'a str>) -> Self {
        Origin { source: OURSELVES, reference: click, told_at: None }
    }
}

/// Lets something happen to the lesson of a locked booking, as our own pages say it; gives the people to wake after the
/// commit.
///
/// # Errors
/// `INVALID_STATE` where the event does not belong to the lesson's state or comes before its time.
pub(crate) async fn apply(
    tx: &mut PgConnection,
    found: &Found,
    event: LessonEvent,
    by: By,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    apply_from(tx, found, event, by, Origin::ours(None), now).await
}

/// The same, as somebody else says it.
///
/// # Errors
/// As [`apply`].
pub(crate) async fn apply_from(
    tx: &mut PgConnection,
    found: &Found,
    event: LessonEvent,
    by: By,
    origin: Origin<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let before = load(tx, &found.booking).await?;
    let after = advance(&before, event, now)?;
    if let Some(record) = record(event, origin, now) {
        store::insert_record(tx, found.booking.lesson, by.user(), &record).await?;
    }
    store::set_progress(tx, found.booking.lesson, after.state, &after.evidence).await?;
    let mut people = Vec::new();
    for effect in &after.effects {
        people.extend(carry_out(tx, found, &before, &after, *effect, by, now).await?);
    }
    Ok(people)
}

/// What an event leaves on record. What our own clock or a cancellation says is no evidence of attendance; that a
/// meeting ended is found from several messages, of which each is on record by itself.
fn record(event: LessonEvent, origin: Origin<'_>, now: DateTime<Utc>) -> Option<Record> {
    let (kind, party, at) = match event {
        LessonEvent::Joined(party) => (Kind::Join, Some(party), now),
        LessonEvent::SeenJoining(party, at) => (Kind::Join, Some(party), at),
        LessonEvent::MarkedNoShow => (Kind::MarkedNoShow, Some(Party::Tutor), now),
        LessonEvent::EndedByTutor => (Kind::Ended, Some(Party::Tutor), now),
        LessonEvent::SeenEnding(_)
        | LessonEvent::SeenGoingOn(_)
        | LessonEvent::EndReached
        | LessonEvent::CalledOff => return None,
    };
    let (source, reference) = (origin.source.to_owned(), origin.reference.map(str::to_owned));
    Some(Record { kind, party, source, reference, at, told_at: origin.told_at })
}

async fn carry_out(
    tx: &mut PgConnection,
    found: &Found,
    before: &Lesson,
    after: &Advance,
    effect: Effect,
    by: By,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    match effect {
        Effect::Settle(rule) => settle(tx, found, before, after.evidence, rule, by, now).await,
        Effect::Release => {
            payment::deposits::call_off(tx, found.booking.id, now).await?;
            Ok(Vec::new())
        }
        Effect::OpenCase(rule) => {
            let details = json!({ "evidence": after.evidence, "would_be": rule });
            store::insert_case(tx, found.booking.id, "late_evidence", &details, now).await?;
            Ok(Vec::new())
        }
        Effect::TellOfArrival(party) => {
            let people = vec![found.booking.student, found.tutor_user];
            let told = json!({ "booking_id": found.booking.id, "party": party });
            live::record(tx, &people, "lesson.joined", &told, now).await?;
            Ok(people)
        }
    }
}

/// Gives a confirmed booking the outcome of a rule, and opens its charge.
async fn settle(
    tx: &mut PgConnection,
    found: &Found,
    lesson: &Lesson,
    evidence: Evidence,
    rule: Rule,
    by: By,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let Some(outcome) = rule.outcome() else { return Ok(Vec::new()) };
    let to = found.booking.state.on(BookingEvent::Settle(outcome))?;
    let kind = match to {
        BookingState::Completed | BookingState::EarlyEnd => "booking.completed",
        _ => "lesson.no_show",
    };
    store::set_settled(tx, found.booking.lesson, now).await?;
    booking::free_slot(tx, found.booking.id).await?;
    payment::open(tx, &found.booking, &Lesson { evidence, ..*lesson }, rule, now).await?;
    let step = Step { to, kind, by, reason: None, now };
    Ok(booking::advance(tx, found, &step).await?.into())
}
