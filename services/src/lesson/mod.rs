//! The live meeting of a booking: joining, attendance, links.

pub(crate) mod store;

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::{Booking, BookingState, Party},
    ids::{BookingId, UserId},
    lesson::{LessonState, join_window, may_join},
};
use hmac::{Hmac, Mac as _};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::PgConnection;

use crate::{
    Actor, AppError, Result, Services,
    booking::{self, Found},
    live,
    tutor::Provider,
};

/// An attempt to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttendanceRow {
    /// Who.
    pub party: Party,
    /// Whether they were let in.
    pub joined: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// Opens the meeting: the provider's address. Every attempt of a party is recorded as evidence of attendance,
/// the refused ones too. A lesson that overruns can be rejoined until joining closes; what happens after the
/// scheduled end changes its outcome no more.
///
/// # Errors
/// `BOOKING_NOT_FOUND` for others, `JOIN_CLOSED` with `details.opens_at` (and `closes_at`) out of its
/// time or while under review, `INVALID_STATE` for a booking that is neither confirmed nor completed.
pub async fn join(services: &Services, actor: &Actor, booking: BookingId) -> Result<String> {
    let now = services.clock.now();
    let mut retries = booking::Retries::default();
    let outcome = loop {
        let mut tx = services.db.begin().await?;
        let outcome = attempt(services, &mut tx, actor, booking, now).await;
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
    now: DateTime<Utc>,
) -> Result<(Result<String, Closed>, Vec<UserId>)> {
    let found = booking::find_locked(tx, id, now).await?.ok_or_else(booking::not_found)?;
    let lesson = &found.booking;
    let party = booking::party(actor, lesson).ok_or_else(booking::not_found)?;
    let refused = admit(lesson, now).err();
    store::insert_attempt(tx, lesson.lesson, actor.user, party, refused.as_ref().map(|r| r.code), now)
        .await?;
    if let Some(refusal) = refused {
        return Ok((Err(Closed { refusal, window: window(lesson) }), Vec::new()));
    }
    let provider = store::find_provider(tx, lesson.tutor).await?;
    let url = address(services, lesson, &provider)?;
    let people = arrive(tx, &found, party, now).await?;
    Ok((Ok(url), people))
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

/// Moves the lesson on, and tells both sides that somebody came.
async fn arrive(
    tx: &mut PgConnection,
    found: &Found,
    party: Party,
    now: DateTime<Utc>,
) -> Result<Vec<UserId>> {
    let booking = &found.booking;
    if booking.state == BookingState::Confirmed {
        let state = if now < booking.start { LessonState::JoinOpen } else { LessonState::InProgress };
        store::set_state(tx, booking.lesson, state).await?;
    }
    let people = vec![booking.student, found.tutor_user];
    let told = json!({ "booking_id": booking.id, "party": party });
    live::record(tx, &people, "lesson.joined", &told, now).await?;
    Ok(people)
}

/// The provider's address. A Jitsi room is named so that only the server can tell it.
fn address(services: &Services, booking: &Booking, provider: &Provider) -> Result<String> {
    match provider {
        Provider::External { url } => Ok(url.clone()),
        Provider::Jitsi => {
            let domain = &services.config.video.jitsi_domain;
            let suffix = suffix(&services.config.secrets.session, booking)?;
            Ok(format!("https://{domain}/tutor{}_booking{}_{suffix}", booking.tutor, booking.id))
        }
    }
}

/// The first 16 hex digits of the HMAC over booking and reschedule number.
fn suffix(secret: &str, booking: &Booking) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::fault)?;
    mac.update(format!("room:{}:{}", booking.id, booking.sequence).as_bytes());
    let digest = mac.finalize().into_bytes();
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
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

/// The attempts to join of one of one's own lessons, oldest first.
///
/// # Errors
/// `BOOKING_NOT_FOUND`.
pub async fn attendance(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
) -> Result<Vec<AttendanceRow>> {
    let found = booking::find(services, actor, booking).await?;
    let mut db = services.db.acquire().await?;
    store::list_attempts(&mut db, found.lesson).await
}
