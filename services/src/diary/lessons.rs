//! Lessons in tutors' calendars elsewhere: written, moved and removed there as the bookings say. What becomes of an
//! entry there changes no booking.
//!
//! The job asks what is there, then reads the booking, then writes under the condition that nobody wrote in between. So
//! of two jobs the one with older news never has the last word, and one that was killed is simply done again: the name
//! of the entry is the booking's.

use chrono::{DateTime, Utc};
use domain::{
    booking::BookingState,
    ids::{BookingId, TutorId, UserId},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use url::Url;
use uuid::Uuid;

use super::{Client, Kept, caldav, client::Written, lessons_store as store, unwritten};
use crate::{
    AppError, Result, Services,
    busy::Problem,
    calendar::{self, Stored},
    jobs::{self, Job},
};

/// How often one job writes a lesson that others change meanwhile.
const TRIES: usize = 5;

/// The job that brings a lesson's entries up to date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteLesson {
    /// Which.
    pub booking: BookingId,
}

impl Job for WriteLesson {
    const NAME: &'static str = "write_lesson";

    async fn run(self, services: &Services) -> Result<()> {
        write(services, self.booking).await
    }
}

impl WriteLesson {
    /// Whether such an event of the outbox changes what calendars show.
    pub(crate) fn is_asked_for(event: &str) -> bool {
        matches!(
            event,
            "booking.created"
                | "booking.confirmed"
                | "booking.declined"
                | "booking.expired"
                | "booking.rescheduled"
                | "booking.cancelled"
        )
    }
}

/// A booking, as far as calendars are concerned.
pub(super) struct Lesson {
    pub state: BookingState,
    pub end: DateTime<Utc>,
    pub tutor_user: UserId,
}

/// A place where a lesson is, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub url: String,
    /// Names what is there; `None` before that is known.
    pub written: Option<Vec<u8>>,
}

/// What a calendar should show of a lesson.
enum Wanted {
    /// The lesson.
    There(Stored),
    /// Nothing.
    Gone,
    /// What it shows: the lesson is over.
    AsItIs,
}

/// How bringing a lesson up to date in one account went.
enum Outcome {
    /// All is as it should be.
    Done {
        /// Whether the provider was asked for it.
        asked: bool,
    },
    /// The provider, or who signs in there, keeps it from that.
    Failed(Problem),
    /// Others wrote again and again meanwhile.
    Overtaken,
}

/// Brings the entries of a lesson up to date in all accounts of its tutor. One that fails keeps no other waiting, and
/// is tried again by what is noted of it.
async fn write(services: &Services, booking: BookingId) -> Result<()> {
    let targets = store::list_targets(&mut *services.db.acquire().await?, booking).await?;
    let mut overtaken = false;
    for target in targets {
        match write_into(services, booking, &target).await? {
            Outcome::Done { asked } => unwritten::note_done(services, target.id, booking, asked).await?,
            Outcome::Failed(problem) => {
                unwritten::note_failed(services, target.id, booking, problem).await?;
            }
            Outcome::Overtaken => overtaken = true,
        }
    }
    if overtaken { Err(AppError::fault("a lesson is written by others at the same time")) } else { Ok(()) }
}

async fn write_into(services: &Services, booking: BookingId, target: &Kept) -> Result<Outcome> {
    let client = match super::open(services, target)? {
        Ok(client) => client,
        Err(problem) => return Ok(Outcome::Failed(problem)),
    };
    let writer = Writer { services, booking, target, client };
    let (mut removed, mut asked) = (false, false);
    for _ in 0..TRIES {
        match writer.step(&mut removed).await? {
            Ok(Step::Settled) => return Ok(Outcome::Done { asked }),
            Ok(Step::Again) => asked = true,
            Err(problem) => return Ok(Outcome::Failed(problem)),
        }
    }
    Ok(Outcome::Overtaken)
}

/// What follows from a step.
enum Step {
    /// All is as it should be.
    Settled,
    /// The provider was asked: it is looked at once more, for the booking may have changed meanwhile.
    Again,
}

/// Who writes one lesson into one account.
struct Writer<'a> {
    services: &'a Services,
    booking: BookingId,
    target: &'a Kept,
    client: Client<'a>,
}

impl Writer<'_> {
    async fn step(&self, removed: &mut bool) -> Result<Result<Step, Problem>> {
        let mut db = self.services.db.acquire().await?;
        let entries = store::list_entries(&mut db, self.target.id, self.booking).await?;
        let (wanted, place) = (self.wanted(&mut db).await?, self.place(&mut db).await?);
        drop(db);
        match wanted {
            Wanted::AsItIs => Ok(Ok(Step::Settled)),
            Wanted::There(_) if place.is_none() => self.remove(&entries, None, removed).await,
            Wanted::Gone => self.remove(&entries, place.as_ref(), removed).await,
            Wanted::There(stored) => {
                let Some(place) = place else { return Ok(Ok(Step::Settled)) };
                let (here, elsewhere): (Vec<_>, Vec<_>) =
                    entries.into_iter().partition(|entry| entry.url == place.as_str());
                if let Err(problem) = self.remove(&elsewhere, None, &mut true).await? {
                    return Ok(Err(problem));
                }
                if here.iter().any(|entry| entry.written.as_ref() == Some(&stored.digest)) {
                    return Ok(Ok(Step::Settled));
                }
                self.put(&place).await
            }
        }
    }

    /// Where the lesson belongs now; `None` where none are written any more. Asked at each step, for the tutor may have
    /// chosen another calendar meanwhile.
    async fn place(&self, db: &mut PgConnection) -> Result<Option<Url>> {
        let calendar = store::find_calendar(db, self.target.id).await?;
        calendar.map(|calendar| self.client.place(&calendar, self.booking)).transpose()
    }

    /// What is wanted now.
    async fn wanted(&self, db: &mut PgConnection) -> Result<Wanted> {
        let now = self.services.clock.now();
        let Some(lesson) = store::find_lesson(db, self.booking).await? else { return Ok(Wanted::Gone) };
        if lesson.end <= now {
            return Ok(Wanted::AsItIs);
        }
        match lesson.state {
            BookingState::Confirmed => {
                let config = &self.services.config;
                let stored = calendar::stored(db, config, self.booking, lesson.tutor_user, now).await?;
                Ok(stored.map_or(Wanted::Gone, Wanted::There))
            }
            BookingState::Requested
            | BookingState::PendingReview
            | BookingState::Declined
            | BookingState::Expired
            | BookingState::Cancelled => Ok(Wanted::Gone),
            _ => Ok(Wanted::AsItIs),
        }
    }

    /// Writes what is wanted once it is known what is there.
    async fn put(&self, place: &Url) -> Result<Result<Step, Problem>> {
        let standing = match self.client.standing(place).await {
            Ok(standing) => standing,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut db = self.services.db.acquire().await?;
        let Wanted::There(stored) = self.wanted(&mut db).await? else { return Ok(Ok(Step::Again)) };
        if self.place(&mut db).await?.as_ref() != Some(place) {
            return Ok(Ok(Step::Again));
        }
        store::insert(&mut db, self.target.id, self.booking, place.as_str()).await?;
        drop(db);
        match self.client.put(place, &stored, &standing).await {
            Ok(Written::Done) => {
                let mut db = self.services.db.acquire().await?;
                let account = self.target.id;
                store::set_written(&mut db, account, self.booking, place.as_str(), &stored).await?;
                Ok(Ok(Step::Again))
            }
            Ok(Written::Overtaken) => Ok(Ok(Step::Again)),
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// Removes entries, and what may be at `also` without a row of ours.
    async fn remove(
        &self,
        entries: &[Entry],
        also: Option<&Url>,
        removed: &mut bool,
    ) -> Result<Result<Step, Problem>> {
        if entries.is_empty() && (*removed || also.is_none()) {
            return Ok(Ok(Step::Settled));
        }
        let known = entries.iter().map(|entry| caldav::kept(&entry.url)).collect::<Result<Vec<_>>>()?;
        for place in known.iter().chain(also) {
            if let Err(problem) = self.client.delete(place).await {
                return Ok(Err(problem));
            }
            let mut db = self.services.db.acquire().await?;
            store::delete(&mut db, self.target.id, self.booking, place.as_str()).await?;
        }
        *removed = true;
        Ok(Ok(Step::Again))
    }
}

/// Has the lessons to come of a tutor written where they now belong, and removed where they no longer do.
///
/// # Errors
/// Where the database cannot be written.
pub(super) async fn write_all(
    tx: &mut PgConnection,
    tutor: TutorId,
    account: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    let bookings = store::list_bookings(tx, tutor, account, now).await?;
    let jobs: Vec<_> = bookings.into_iter().map(|booking| WriteLesson { booking }).collect();
    jobs::enqueue_all(tx, &jobs).await
}
