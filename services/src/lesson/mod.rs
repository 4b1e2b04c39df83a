//! The live meeting of a booking: joining, attendance, links.

mod ahead;
pub(crate) mod life;
mod presences;
pub(crate) mod store;

pub use ahead::{Ahead, look_ahead, tell_join};
pub use presences::{MOST_PEOPLE, MOST_WEEKS, Person, Report, Whose, presence, presences, student_name};

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    attendance::{Kind, Record},
    booking::{Booking, BookingState, Party},
    chat::ClientId,
    ids::{BookingId, LessonId, UserId},
    lesson::{Lesson, LessonEvent, join_window, may_join},
};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::{
    Actor, AppError, Result, Services,
    booking::{self, By, Found},
    video::{self, Place},
};
use life::Origin;

/// A piece of evidence as the parties see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttendanceRow {
    /// What was seen, of whom, and who says so.
    pub record: Record,
    /// The seal over it and all before it, hexadecimal.
    pub hash: String,
}

/// What is on record about who came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attendance {
    /// In the order in which it came.
    pub rows: Vec<AttendanceRow>,
    /// When a trusted source saw the lesson end: what follows from all that was told, not from one message.
    #[serde(skip)]
    pub trusted_end: Option<DateTime<Utc>>,
    /// Whether every seal fits; a broken chain was tampered with.
    pub intact: bool,
}

/// Opens the meeting: the provider's address. Every attempt of a party is recorded as evidence of attendance,
/// the refused ones too. A lesson that overruns can be rejoined until joining closes; what happens after the
/// scheduled end changes its outcome no more.
///
/// # Errors
/// `BOOKING_NOT_FOUND` for others, `JOIN_CLOSED` with `details.opens_at` (and `closes_at`) out of its
/// time or while under review, `INVALID_STATE` for a booking that is neither confirmed nor completed, or while there is
/// no meeting.
pub async fn join(services: &Services, actor: &Actor, booking: BookingId) -> Result<String> {
    join_by(services, actor, booking, None).await
}

/// The same by a click to which the browser gave a name of its own: however often it is sent, or told of afterwards
/// ([`tell_join`]), it is on record once.
///
/// # Errors
/// As [`join`].
pub async fn join_by(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    click: Option<&ClientId>,
) -> Result<String> {
    let now = services.clock.now();
    let mut retries = booking::Retries::default();
    let outcome = loop {
        let mut tx = services.begin().await?;
        let outcome = attempt(services, &mut tx, actor, booking, click, now).await;
        let outcome = booking::finish(tx, outcome).await;
        if !retries.again(&outcome).await {
            break outcome;
        }
    };
    let (url, people) = outcome?;
    services.live.wake(&people);
    Ok(url?)
}

/// Why a party is not let in, and when it would be.
struct Closed {
    refusal: Refusal,
    window: Value,
}

impl From<Closed> for AppError {
    fn from(closed: Closed) -> Self {
        AppError::with_details(closed.refusal, closed.window)
    }
}

/// Judges and records an attempt; a refusal is a result that is committed like any other.
async fn attempt(
    services: &Services,
    tx: &mut PgConnection,
    actor: &Actor,
    id: BookingId,
    click: Option<&ClientId>,
    now: DateTime<Utc>,
) -> Result<(Result<String, Closed>, Vec<UserId>)> {
    let found = booking::find_locked(tx, id, now).await?.ok_or_else(booking::not_found)?;
    let lesson = &found.booking;
    let party = booking::party(actor, lesson).ok_or_else(booking::not_found)?;
    if let Err(refusal) = admit(lesson, now) {
        let record = Record {
            kind: Kind::JoinRefused,
            party: Some(party),
            source: life::OURSELVES.to_owned(),
            reference: Some(refusal.code.name().to_owned()),
            at: now,
            told_at: None,
        };
        store::insert_record(tx, lesson.lesson, Some(actor.user.0), &record).await?;
        return Ok((Err(Closed { refusal, window: window(lesson) }), Vec::new()));
    }
    let place = video::find_place(tx, id).await?;
    let url = video::of(services, &place).address(lesson, actor)?;
    let click = click.map(ClientId::as_str);
    let known = match click {
        Some(click) => store::knows_click(tx, lesson.lesson, actor.user, click).await?,
        None => false,
    };
    let people = if known {
        Vec::new()
    } else {
        let arrival =
            Arrival { party, at: now, event: LessonEvent::Joined(party), origin: Origin::ours(click) };
        arrive(tx, &found, &place, By::actor(actor, lesson), arrival, now).await?
    };
    // Who came to a meeting that is not there has come all the same.
    let missing = || Closed { refusal: meeting_missing(), window: window(lesson) };
    Ok((url.ok_or_else(missing), people))
}

fn meeting_missing() -> Refusal {
    Refusal::new(Code::InvalidState, "meeting_missing")
}

/// That a party came, and who says so.
struct Arrival<'a> {
    party: Party,
    at: DateTime<Utc>,
    event: LessonEvent,
    origin: Origin<'a>,
}

/// Lets a party come to a locked booking's lesson.
async fn arrive(
    tx: &mut PgConnection,
    found: &Found,
    place: &Place,
    by: By,
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let Arrival { party, at, event, origin } = arrival;
    let mut people = life::apply_from(tx, found, event, by, origin, now).await?;
    let is_open = found.booking.state == BookingState::Confirmed && at < found.booking.end;
    let elsewhere = place.own_since.is_some_and(|since| at >= since);
    if party == Party::Student && elsewhere && is_open {
        // The student went on elsewhere: that the meeting at the provider ended was not the end of the lesson.
        people.extend(life::apply(tx, found, LessonEvent::SeenGoingOn(at), by, now).await?);
    }
    Ok(people)
}

/// Whether the state and the time let a party in.
fn admit(booking: &Booking, now: DateTime<Utc>) -> Result<(), Refusal> {
    match booking.state {
        BookingState::Confirmed | BookingState::Completed => may_join(booking.start, booking.end, now),
        BookingState::PendingReview => Err(Refusal::new(Code::JoinClosed, "join_under_review")),
        _ => Err(Refusal::new(Code::InvalidState, "booking_state")),
    }
}

fn window(booking: &Booking) -> Value {
    let (opens_at, closes_at) = join_window(booking.start, booking.end);
    json!({ "opens_at": opens_at, "closes_at": closes_at })
}

/// What a meeting link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinLink {
    /// The lesson page of a booking.
    Valid(BookingId),
    /// A link that a reschedule replaced.
    Retired,
    /// No link of ours.
    Unknown,
}

/// Looks a meeting link up, `/join/{token}`.
///
/// # Errors
/// Where the database cannot be read.
pub async fn resolve(services: &Services, token: &str) -> Result<JoinLink> {
    // Postgres keeps no text with NUL, and no link of ours has one.
    if token.contains('\0') {
        return Ok(JoinLink::Unknown);
    }
    let mut db = services.db.acquire().await?;
    store::find_link(&mut db, token).await
}

/// What is on record about one of one's own lessons.
///
/// # Errors
/// `BOOKING_NOT_FOUND`.
pub async fn attendance(services: &Services, actor: &Actor, booking: BookingId) -> Result<Attendance> {
    let found = booking::find(services, actor, booking).await?;
    let mut db = services.db.acquire().await?;
    let records = store::list_records(&mut db, found.lesson).await?;
    let intact = domain::attendance::broken(found.lesson, &records).is_none();
    if !intact {
        tracing::error!(lesson = %found.lesson, "the chain of evidence is broken");
    }
    let rows = records.into_iter().map(|(record, hash)| AttendanceRow { record, hash: hex(&hash) });
    let trusted_end = store::find_evidence(&mut db, &found).await?.1.trusted_end;
    Ok(Attendance { rows: rows.collect(), trusted_end, intact })
}

/// Whether our page can show the meeting of a booking that one has read.
///
/// # Errors
/// Where the database cannot be read.
pub async fn is_embeddable(services: &Services, booking: &Booking) -> Result<bool> {
    if video::embeddable(&services.config.video).is_none() {
        return Ok(false);
    }
    let place = video::find_place(&mut *services.db.acquire().await?, booking.id).await?;
    Ok(video::of(services, &place).embeddable().is_some())
}

/// Everything that decides about the lesson of a booking that one has read, as it stands.
///
/// # Errors
/// Where the database cannot be read.
pub async fn read(services: &Services, booking: &Booking) -> Result<Lesson> {
    let mut db = services.db.acquire().await?;
    life::load(&mut db, booking).await
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The tutor says that the student did not come: from the waiting time on, while the outcome is not settled.
/// Half the price is charged at the scheduled end.
///
/// # Errors
/// `BOOKING_NOT_FOUND`, `INSUFFICIENT_PERMISSIONS` for the student, `INVALID_STATE` too early, without the tutor's
/// own join on record, with one of the student, or once the outcome is settled.
pub async fn mark_no_show(services: &Services, actor: &Actor, lesson: LessonId) -> Result<Booking> {
    let mut db = services.db.acquire().await?;
    let booking = store::find_booking(&mut db, lesson).await?.ok_or_else(booking::not_found)?;
    drop(db);
    booking::mark_no_show(services, actor, booking).await
}
