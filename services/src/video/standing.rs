//! How the meeting of a lesson stands, and a link of its own for a lesson whose provider fails.

use chrono::{DateTime, Utc};
use domain::{
    Code, Refusal,
    booking::{Booking, BookingState, Party},
    ids::BookingId,
    lesson::join_window,
};
use serde_json::json;
use sqlx::PgConnection;

use super::{Kind, check_external, store};
use crate::{
    Actor, Result, Services,
    booking::{self, By},
    busy::Problem,
    live,
    tutor::Provider,
};

/// Where the lesson of a booking takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where its tutor's lessons take place.
    pub provider: Provider,
    /// The link of this lesson alone.
    pub own_url: Option<String>,
    /// Since when.
    pub own_since: Option<DateTime<Utc>>,
    /// The link of the meeting that was made for it.
    pub made: Option<String>,
    /// Whether it is held at the lesson's time.
    pub is_current: bool,
}

/// What keeps a meeting from being as it should.
pub(super) struct Work {
    pub since: DateTime<Utc>,
    pub problem: Problem,
}

/// How the meeting of a lesson stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its place needs no meeting that somebody makes.
    Unneeded,
    /// It is being made.
    Waiting,
    /// There it is.
    Ready,
    /// It is there, and is being moved to the lesson's new time.
    Moving,
    /// It is there, and could not be moved to the lesson's new time since then.
    NotMoved(DateTime<Utc>, Problem),
    /// It could not be made since then.
    Failed(DateTime<Utc>, Problem),
    /// The tutor gave this lesson a link of its own.
    Own(String),
}

impl Standing {
    /// Whether there is a meeting to which both can go.
    #[must_use]
    pub const fn can_open(&self) -> bool {
        !matches!(self, Standing::Waiting | Standing::Failed(..))
    }
}

/// Where the lesson of a booking takes place.
///
/// # Errors
/// Where the database cannot be read.
pub(crate) async fn find_place(db: &mut PgConnection, booking: BookingId) -> Result<Place> {
    store::find_place(db, booking).await
}

/// How the meeting of a booking stands that one has read, and who makes it, where somebody does.
///
/// # Errors
/// Where the database cannot be read.
pub async fn standing(services: &Services, booking: &Booking) -> Result<(Standing, Option<Kind>)> {
    let mut db = services.db.acquire().await?;
    let place = store::find_place(&mut db, booking.id).await?;
    let kind = place.provider.account();
    let standing = match (place.own_url, kind, place.made) {
        (Some(url), _, _) => Standing::Own(url),
        (None, None, _) => Standing::Unneeded,
        (None, Some(_), Some(_)) if place.is_current => Standing::Ready,
        (None, Some(_), made) => match (store::find_work(&mut db, booking.id).await?, made) {
            (Some(work), None) => Standing::Failed(work.since, work.problem),
            (Some(work), Some(_)) => Standing::NotMoved(work.since, work.problem),
            (None, None) => Standing::Waiting,
            (None, Some(_)) => Standing::Moving,
        },
    };
    Ok((standing, kind))
}

/// Gives one lesson a link of its own, which stands before its tutor's provider; an empty one takes it away again.
///
/// # Errors
/// `BOOKING_NOT_FOUND`; `INSUFFICIENT_PERMISSIONS` for anyone but its tutor; `INVALID_STATE` for a lesson that is not
/// certain, or over; `INVALID_REQUEST` on `external_url` for what is no address, or the place of another lesson.
pub async fn set_own_link(services: &Services, actor: &Actor, id: BookingId, url: &str) -> Result<()> {
    let now = services.clock.now();
    let booking = booking::find(services, actor, id).await?;
    // Where people meet is theirs to say: not even an admin sends them elsewhere.
    if booking::party(actor, &booking) != Some(Party::Tutor) {
        return Err(Refusal::new(Code::InsufficientPermissions, "forbidden").into());
    }
    let url = match url.trim() {
        "" => None,
        text => Some(check_external(text)?),
    };
    let mut tx = services.begin().await?;
    let found = booking::find_locked(&mut tx, id, now).await?.ok_or_else(booking::not_found)?;
    let over = now >= join_window(found.booking.start, found.booking.end).1;
    if over || !matches!(found.booking.state, BookingState::Confirmed | BookingState::Completed) {
        return Err(Refusal::new(Code::InvalidState, "booking_state").into());
    }
    if !store::set_own_url(&mut tx, id, url.as_deref(), now).await? {
        return Err(Refusal::on(Code::InvalidRequest, "link_taken", "external_url").into());
    }
    let by = By::actor(actor, &found.booking);
    let noted = json!({ "event": "lesson.own_link", "is_set": url.is_some() });
    booking::note(&mut tx, &found, by, None, &noted, now).await?;
    let people = [found.booking.student, found.tutor_user];
    live::record(&mut tx, &people, "lesson.meeting", &json!({ "booking_id": id }), now).await?;
    tx.commit().await?;
    services.live.wake(&people);
    Ok(())
}
