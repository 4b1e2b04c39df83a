//! What a change of a booking leaves behind, in its own transaction: history, outbox, live events.

use chrono::{DateTime, Utc};
use domain::{
    booking::{Booking, BookingState},
    ids::UserId,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::Found;
use crate::{Actor, Result, live, outbox};

/// Who changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Its student.
    Student(UserId),
    /// Its tutor.
    Tutor(UserId),
    /// An admin.
    Admin(UserId),
    /// The clock.
    System,
}

impl By {
    /// On which side the actor stands; who is neither of the two parties is an admin.
    pub fn actor(actor: &Actor, booking: &Booking) -> Self {
        match super::party(actor, booking) {
            Some(domain::booking::Party::Student) => By::Student(actor.user),
            Some(domain::booking::Party::Tutor) => By::Tutor(actor.user),
            None => By::Admin(actor.user),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            By::Student(_) => "student",
            By::Tutor(_) => "tutor",
            By::Admin(_) => "admin",
            By::System => "system",
        }
    }

    /// The person, where there is one.
    pub fn user(self) -> Option<Uuid> {
        match self {
            By::Student(user) | By::Tutor(user) | By::Admin(user) => Some(user.0),
            By::System => None,
        }
    }
}

/// A change of a booking.
pub(crate) struct Change<'a> {
    /// The event, such as `booking.created`.
    pub kind: &'a str,
    /// The state before it; `None` for a new booking.
    pub from: Option<BookingState>,
    /// Who.
    pub by: By,
    /// Why, in the words of who did it.
    pub reason: Option<&'a str>,
    /// What else to remember, such as the old time; `Null` where there is nothing.
    pub details: Value,
    /// When.
    pub now: DateTime<Utc>,
}

/// Writes history, outbox and live events of a changed booking; gives the people to wake after the commit.
/// The last writes of a transaction: the locks of live events come after all others.
pub(crate) async fn record(tx: &mut PgConnection, found: &Found, change: &Change<'_>) -> Result<[UserId; 2]> {
    let booking = &found.booking;
    let details = Some(&change.details).filter(|details| !details.is_null());
    sqlx::query!(
        "INSERT INTO booking_history (booking_id, from_state, to_state, actor, actor_id, reason, details, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        booking.id.0,
        change.from.map(BookingState::name),
        booking.state.name(),
        change.by.name(),
        change.by.user(),
        change.reason,
        details,
        change.now
    )
    .execute(&mut *tx)
    .await?;
    outbox::record(tx, change.kind, booking.id, &payload(booking, change), change.now).await?;
    let people = [booking.student, found.tutor_user];
    let told = json!({ "booking_id": booking.id, "status": booking.state, "start": booking.start });
    live::record(tx, &people, change.kind, &told, change.now).await?;
    Ok(people)
}

/// Notes in a booking's history what leaves its state as it is: what happened (`details.event`), by whom, in which words.
pub(crate) async fn note(
    tx: &mut PgConnection,
    found: &Found,
    by: By,
    words: Option<&str>,
    details: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let state = found.booking.state.name();
    sqlx::query!(
        "INSERT INTO booking_history (booking_id, from_state, to_state, actor, actor_id, reason, details, at)
         VALUES ($1, $2, $2, $3, $4, $5, $6, $7)",
        found.booking.id.0,
        state,
        by.name(),
        by.user(),
        words,
        details,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What other programs are told.
fn payload(booking: &Booking, change: &Change<'_>) -> Value {
    let mut payload = json!({
        "booking_id": booking.id,
        "status": booking.state,
        "tutor_id": booking.tutor,
        "student_id": booking.student,
        "offering_id": booking.offering,
        "start": booking.start,
        "end": booking.end,
        "duration": booking.duration,
        "price": booking.price_minor,
        "currency": booking.currency,
        "sequence": booking.sequence,
        "actor": change.by.name(),
    });
    if let (Some(reason), Some(map)) = (change.reason, payload.as_object_mut()) {
        map.insert("reason".into(), reason.into());
    }
    if let (Value::Object(details), Some(map)) = (&change.details, payload.as_object_mut()) {
        map.extend(details.clone());
    }
    payload
}
