//! Mails about bookings: what happened to one is told to whom it concerns, each in their own language and zone.

mod about;
mod dispute;
mod due;
mod store;
mod words;

use chrono::{DateTime, Utc};
use domain::{
    booking::{Booking, BookingState, Party},
    ids::BookingId,
};
use serde::{Deserialize, Serialize};

use super::{Kind, NewMail, keep, letter::Reader};
use crate::{
    Result, Services, booking, calendar,
    jobs::Job,
    notice::{self, News, Subject},
};
use about::About;

pub use dispute::TellOfDispute;
pub(super) use due::write_due;

/// The job that writes the mails about something that happened to a booking.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TellOfBooking {
    /// The event of the outbox.
    pub event: i64,
}

impl Job for TellOfBooking {
    const NAME: &'static str = "tell_of_booking";

    async fn run(self, services: &Services) -> Result<()> {
        tell(services, self.event).await
    }
}

impl TellOfBooking {
    /// Whether such an event of the outbox asks for mails about a booking.
    pub(crate) fn is_asked_for(event: &str) -> bool {
        matches!(
            event,
            "booking.created"
                | "booking.confirmed"
                | "booking.declined"
                | "booking.expired"
                | "booking.rescheduled"
                | "booking.cancelled"
                | "lesson.no_show"
        )
    }
}

/// An event of a booking, as the outbox has it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub kind: String,
    pub booking: BookingId,
    pub told: Told,
}

/// What an event of a booking says: its payload.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Told {
    /// The state after it.
    status: BookingState,
    /// How often it had been moved then.
    sequence: i32,
    /// student, tutor, admin or system.
    actor: String,
    reason: Option<String>,
    /// Where it was before it was moved.
    old: Option<Times>,
}

/// From when until when.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Times {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

const BOTH: &[Party] = &[Party::Student, Party::Tutor];

impl Event {
    /// The mail that it asks for, and who gets it.
    fn mail(&self) -> Option<(Kind, &'static [Party])> {
        match (&*self.kind, self.told.status) {
            ("booking.created", BookingState::Requested) => Some((Kind::BookingRequested, &[Party::Tutor])),
            ("booking.created", BookingState::Confirmed) | ("booking.confirmed", _) => {
                Some((Kind::BookingConfirmed, BOTH))
            }
            ("booking.declined", _) => Some((Kind::BookingDeclined, &[Party::Student])),
            ("booking.expired", _) => Some((Kind::BookingExpired, &[Party::Student])),
            ("booking.rescheduled", _) => Some((Kind::BookingRescheduled, BOTH)),
            // The mail about the declined card tells its student.
            ("booking.cancelled", _) if self.told.actor == "system" => {
                Some((Kind::BookingCancelled, &[Party::Tutor]))
            }
            ("booking.cancelled", _) => Some((Kind::BookingCancelled, BOTH)),
            ("lesson.no_show", _) => Some((Kind::NoShow, BOTH)),
            _ => None,
        }
    }
}

/// Whether a mail still says what is so. A later event of the booking has a mail of its own.
fn is_of_use(kind: Kind, told: &Told, booking: &Booking, now: DateTime<Utc>) -> bool {
    let unmoved = booking.sequence == told.sequence && now < booking.start;
    match kind {
        Kind::BookingRequested => {
            let open = booking.expires_at.is_none_or(|lapse| now < lapse);
            booking.state == BookingState::Requested && unmoved && open
        }
        Kind::BookingConfirmed => booking.state == BookingState::Confirmed && unmoved,
        Kind::BookingRescheduled => {
            matches!(booking.state, BookingState::Requested | BookingState::Confirmed) && unmoved
        }
        _ => true,
    }
}

/// Whether a mail carries the lesson for the reader's calendar: once it is certain, and once it is not any more.
fn belongs_in_calendar(kind: Kind, booking: &Booking) -> bool {
    match kind {
        Kind::BookingConfirmed | Kind::BookingCancelled => true,
        Kind::BookingRescheduled => booking.state == BookingState::Confirmed,
        _ => false,
    }
}

/// Writes the mails and notices about an event, once for each person; who caused it needs no notice. What is past its use is not written.
async fn tell(services: &Services, id: i64) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.begin().await?;
    let Some(event) = store::find_event(&mut tx, id).await? else { return Ok(()) };
    let Some((kind, parties)) = event.mail() else { return Ok(()) };
    let found = booking::read(&mut tx, event.booking, now).await?.ok_or_else(booking::not_found)?;
    if !is_of_use(kind, &event.told, &found.booking, now) {
        return Ok(());
    }
    let given_back = store::is_given_back(&mut tx, event.booking).await?;
    let charged = store::find_charged(&mut tx, event.booking).await?;
    let mut noticed = Vec::new();
    for party in parties {
        let user = match party {
            Party::Student => found.booking.student,
            Party::Tutor => found.tutor_user,
        };
        let Some(reader) = super::store::find_reader(&mut tx, user).await? else { continue };
        let about = about(services, &found.booking, &reader, *party);
        let news = words::News { kind, told: &event.told, about, given_back, charged };
        let calendar = match belongs_in_calendar(kind, &found.booking) {
            true => calendar::invitation(&mut tx, &services.config, event.booking, user, now).await?,
            false => None,
        };
        let (letter, about) = (news.letter()?, format!("{id}/{user}"));
        if event.told.actor != party.name() {
            noticed.push((user, letter.subject.clone()));
        }
        keep(
            services,
            &mut tx,
            &NewMail { calendar: calendar.as_ref(), ..NewMail::of(kind, about, &reader, &letter) },
        )
        .await?;
    }
    let news =
        News { kind, about: &id.to_string(), subject: Subject::Booking(event.booking), useful_until: None };
    let noticed: Vec<_> = noticed.iter().map(|(user, sentence)| (*user, &**sentence)).collect();
    let noticed = notice::tell(&mut tx, &noticed, &news, now).await?;
    tx.commit().await?;
    services.live.wake(&noticed);
    Ok(())
}

fn about<'a>(services: &'a Services, booking: &'a Booking, reader: &'a Reader, party: Party) -> About<'a> {
    About { booking, reader, party, public_url: &services.config.web.public_url }
}
