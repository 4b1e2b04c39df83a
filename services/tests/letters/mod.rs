//! A tutor and a student who get mails, for tests.
#![allow(dead_code, reason = "each test file uses its part")]

use chrono::{DateTime, Utc};
use domain::booking::{Booking, BookingRequest, Note};
use services::{
    Actor, Services, booking, jobs,
    mail::{self, Mail},
    sweep,
    testing::{self, Tutor, at_hour, now, request},
};
use sqlx::PgPool;

/// A platform with a tutor and a student, each of whom reads a language in a zone.
pub struct World {
    pub services: Services,
    pub tutor: Tutor,
    pub student: Actor,
}

impl World {
    pub async fn open(db: PgPool, student: (&str, &str), tutor: (&str, &str)) -> Self {
        World::with(testing::services(db), student, tutor).await
    }

    pub async fn with(services: Services, student: (&str, &str), tutor: (&str, &str)) -> Self {
        jobs::migrate(&services.db).await.expect("the queue");
        services.clock.set(&services.db, Some(now())).await.expect("the clock");
        let world = World {
            tutor: testing::tutor(&services, "Tina").await,
            student: testing::student(&services, "Sam").await,
            services,
        };
        for (actor, email, (locale, zone)) in
            [(&world.student, "sam@example.org", student), (&world.tutor.actor, "tina@example.org", tutor)]
        {
            sqlx::query("UPDATE users SET email = $2, locale = $3, time_zone = $4 WHERE id = $1")
                .bind(actor.user.0)
                .bind(email)
                .bind(locale)
                .bind(zone)
                .execute(&world.services.db)
                .await
                .expect("a reader");
        }
        sqlx::query("UPDATE tutors SET time_zone = $1, slug = 'tina'")
            .bind(tutor.1)
            .execute(&world.services.db)
            .await
            .expect("a tutor");
        testing::execute(&world.services, "UPDATE weekly_windows SET start_min = 0, end_min = 1440").await;
        world
    }

    pub async fn in_english(db: PgPool) -> Self {
        World::open(db, ("en", "Europe/Paris"), ("en", "Europe/Paris")).await
    }

    pub async fn asks_to_confirm(&self) {
        testing::execute(&self.services, "UPDATE tutors SET confirm_requests = true").await;
    }

    /// An hour four hours from now, booked with a note.
    pub async fn booked(&self) -> Booking {
        self.booked_at(at_hour(4)).await
    }

    /// An hour, booked with a note.
    pub async fn booked_at(&self, start: DateTime<Utc>) -> Booking {
        let note = Note::parse("Fractions, please. <b>Thank you!</b>").expect("a note");
        let request = BookingRequest { note, ..request(&self.tutor, start) };
        booking::place(&self.services, &self.student, &request, None).await.expect("a booking")
    }

    /// Writes all mails that are asked for; how many jobs that took.
    pub async fn work(&self) -> u64 {
        jobs::hand_out(&self.services).await.expect("handed out");
        jobs::drain(&self.services).await.expect("worked off")
    }

    /// Sets the clock of all servers.
    pub async fn set(&self, now: DateTime<Utc>) {
        self.services.clock.set(&self.services.db, Some(now)).await.expect("the clock");
    }

    /// Does all that is due at an instant, as a tick does; the kinds of the mails that are new, with their addresses.
    pub async fn tick_at(&self, now: DateTime<Utc>) -> Vec<(String, String)> {
        let before = self.new_mails(0).await;
        self.set(now).await;
        sweep::run(&self.services).await.expect("swept");
        self.work().await;
        let mut after = self.new_mails(0).await;
        after.retain(|mail| !before.iter().any(|known| known.id == mail.id));
        after.into_iter().map(|mail| (mail.to, mail.kind)).collect()
    }

    /// The mails that were not there before, by address: whose, and what about.
    pub async fn new_mails(&self, before: usize) -> Vec<Mail> {
        let mut mails = mail::list(&self.services).await.expect("mails");
        assert!(mails.len() >= before);
        mails.sort_by_key(|mail| (mail.created_at, mail.to.clone()));
        mails.split_off(before)
    }

    pub async fn kinds(&self) -> Vec<(String, String)> {
        self.new_mails(0).await.into_iter().map(|mail| (mail.to, mail.kind)).collect()
    }
}

/// Rows of addresses and kinds.
pub fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(to, kind)| ((*to).to_owned(), (*kind).to_owned())).collect()
}

pub const SAM: &str = "sam@example.org";
pub const TINA: &str = "tina@example.org";

/// Mails as text, without what differs each time.
pub fn shown(mails: &[Mail], booking: &Booking) -> String {
    let one = |mail: &Mail| {
        let text = match &mail.unsubscribe {
            Some(address) => mail.text.replace(address, "UNSUBSCRIBE"),
            None => mail.text.clone(),
        };
        format!("To: {}\nSubject: {}\n\n{text}", mail.to, mail.subject)
    };
    let all: Vec<String> = mails.iter().map(one).collect();
    let (id, token) = (booking.id.to_string(), &*booking.join_token);
    all.join("\n==========\n\n").replace(&id, "BOOKING").replace(token, "TOKEN")
}

/// Gives the database back as it was.
pub async fn forget(world: &World) {
    testing::execute(
        &world.services,
        "TRUNCATE bookings, claims, outbox, mails, live_events CASCADE; UPDATE tutors SET confirm_requests = NULL",
    )
    .await;
}
