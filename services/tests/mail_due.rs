//! Mails that the clock makes due, on a real database: when each is written, once, and when it is not.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod letters;
mod post;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    booking::Booking,
    review::{Feedback, Rating},
};
use insta::assert_snapshot;
use letters::{SAM, TINA, World, forget, pairs, shown};
use post::Post;
use services::{
    booking, jobs, lesson, mail, review, sweep,
    testing::{self, assert_invariants, at_hour, now, number},
    video,
};
use sqlx::PgPool;

const DAY: &[(&str, &str)] = &[(SAM, "reminder_day"), (TINA, "reminder_day")];
const HOUR: &[(&str, &str)] = &[(SAM, "reminder_hour"), (TINA, "reminder_hour")];
const JOIN: &[(&str, &str)] = &[(SAM, "join_now"), (TINA, "join_now")];
const ASKED: &[(&str, &str)] = &[(SAM, "feedback_request")];
const NONE: &[(&str, &str)] = &[];

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

const SECOND: TimeDelta = TimeDelta::seconds(1);
const FIVE: TimeDelta = TimeDelta::minutes(5);

impl World {
    /// A lesson at an hour, booked now and told of.
    async fn told_of(&self, start: DateTime<Utc>) -> Booking {
        self.set(now()).await;
        let booking = self.booked_at(start).await;
        self.work().await;
        booking
    }

    /// Both come.
    async fn join(&self, booking: &Booking) {
        self.set(booking.start).await;
        for actor in [&self.student, &self.tutor.actor] {
            lesson::join(&self.services, actor, booking.id).await.expect("let in");
        }
    }
}

/// How long before a lesson is looked, and which mails are written then.
type Look<'a> = (TimeDelta, &'a [(&'a str, &'a str)]);

/// Each row: what it shows, in how many hours the lesson starts, and the looks before it.
#[sqlx::test(migrations = "../migrations")]
async fn reminders_are_written_when_they_are_due(db: PgPool) {
    let world = World::in_english(db).await;
    let rows: [(&str, i64, &[Look<'_>]); 7] = [
        (
            "both in time, each once",
            72,
            &[
                (hours(24) + SECOND, NONE),
                (hours(24), DAY),
                (hours(24) - SECOND, NONE),
                (hours(1) + SECOND, NONE),
                (hours(1), HOUR),
                (FIVE + SECOND, NONE),
                (FIVE, JOIN),
                (SECOND, NONE),
            ],
        ),
        ("made 3 h before: only the second", 3, &[(hours(3) - SECOND, NONE), (hours(1), HOUR), (FIVE, JOIN)]),
        (
            "made as the first is due: the booking itself is told",
            24,
            &[(hours(24) - SECOND, NONE), (hours(1), HOUR)],
        ),
        ("an outage of some hours: late, and still of use", 72, &[(hours(5), DAY), (hours(1), HOUR)]),
        (
            "an outage until shortly before: one, not both",
            72,
            &[(TimeDelta::minutes(20), HOUR), (SECOND, JOIN)],
        ),
        ("an outage until the last minute: only the way in", 72, &[(TimeDelta::minutes(1), JOIN)]),
        ("an outage of two days: none", 30, &[(hours(-18), NONE)]),
    ];
    for (what, ahead, looks) in rows {
        let booking = world.told_of(at_hour(ahead)).await;
        for (before, expected) in looks {
            let written = world.tick_at(booking.start - *before).await;
            let written: Vec<_> = written
                .into_iter()
                .filter(|(_, kind)| kind.starts_with("reminder") || kind == "join_now")
                .collect();
            assert_eq!(written, pairs(expected), "{what}, {before} before");
        }
        forget(&world).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn who_moves_a_lesson_is_reminded_anew_for_its_new_time(db: PgPool) {
    let world = World::in_english(db).await;
    let booking = world.told_of(at_hour(48)).await;
    assert_eq!(world.tick_at(at_hour(24)).await, pairs(DAY));
    let moved = booking::reschedule(&world.services, &world.student, booking.id, at_hour(96), None).await;
    let told = pairs(&[(SAM, "booking_rescheduled"), (TINA, "booking_rescheduled")]);
    assert_eq!(world.tick_at(at_hour(47)).await, told, "not for the former time");
    assert_eq!(world.tick_at(at_hour(72)).await, pairs(DAY));
    // To a time for which the first is due already: the move itself is told.
    let id = moved.expect("moved").id;
    booking::reschedule(&world.services, &world.student, id, at_hour(90), None).await.expect("moved");
    assert_eq!(world.tick_at(at_hour(73)).await, told);
    assert_eq!(world.tick_at(at_hour(89)).await, pairs(HOUR));
    assert_invariants(&world.services).await;
}

/// Each row: how long before a lesson its tutor gives it a link of its own, with a reminder due and not yet written.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_only_noted_about_a_lesson_keeps_no_reminder_back(db: PgPool) {
    let world = World::in_english(db).await;
    for (before, expected) in [(hours(20), DAY), (TimeDelta::minutes(50), HOUR), (SECOND, JOIN)] {
        let booking = world.told_of(at_hour(72)).await;
        world.set(booking.start - before).await;
        let (services, tutor) = (&world.services, &world.tutor.actor);
        video::set_own_link(services, tutor, booking.id, "https://meet.test/own").await.expect("set");
        assert_eq!(world.tick_at(booking.start - before).await, pairs(expected), "{before} before");
        forget(&world).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_is_reminded_of_a_lesson_that_is_not_certain_or_not_any_more(db: PgPool) {
    let world = World::in_english(db).await;
    let booking = world.told_of(at_hour(48)).await;
    booking::cancel(&world.services, &world.student, booking.id, None).await.expect("cancelled");
    let told = pairs(&[(SAM, "booking_cancelled"), (TINA, "booking_cancelled")]);
    assert_eq!(world.tick_at(at_hour(24)).await, told);
    forget(&world).await;
    world.asks_to_confirm().await;
    let booking = world.told_of(at_hour(25)).await;
    assert_eq!(world.tick_at(at_hour(2)).await, pairs(NONE), "it is a request");
    booking::confirm(&world.services, &world.tutor.actor, booking.id).await.expect("confirmed");
    let told = pairs(&[(SAM, "booking_confirmed"), (TINA, "booking_confirmed")]);
    assert_eq!(world.tick_at(at_hour(3)).await, told, "confirmed when the first was due already");
    assert_eq!(world.tick_at(at_hour(24)).await, pairs(HOUR));
}

#[sqlx::test(migrations = "../migrations")]
async fn many_sweeps_at_once_write_each_once(db: PgPool) {
    let world = World::in_english(db.clone()).await;
    for hour in 0..20 {
        world.told_of(at_hour(48 + hour)).await;
    }
    world.set(at_hour(48) - TimeDelta::minutes(30)).await;
    let second = testing::services(db);
    second.clock.show(Some(world.services.clock.now()));
    let (one, other) = tokio::join!(sweep::run(&world.services), sweep::run(&second));
    let written = one.expect("swept").mails_written + other.expect("swept").mails_written;
    assert_eq!(written, 2 + 19 * 2, "one lesson within the hour, the others within the day");
    let reminders = "SELECT count(*) FROM mails WHERE kind LIKE 'reminder%'";
    assert_eq!(number(&world.services, reminders).await, 40);
    assert_eq!(sweep::run(&world.services).await.expect("swept").mails_written, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn how_a_lesson_was_is_asked_an_hour_after_it(db: PgPool) {
    let world = World::in_english(db).await;
    let booking = world.told_of(at_hour(4)).await;
    world.join(&booking).await;
    assert_eq!(world.tick_at(booking.end).await, pairs(NONE));
    assert_eq!(world.tick_at(booking.end + hours(1) - SECOND).await, pairs(NONE));
    assert_eq!(world.tick_at(booking.end + hours(1)).await, pairs(ASKED));
    assert_eq!(world.tick_at(booking.end + hours(2)).await, pairs(NONE));
}

/// Each row: what became of a lesson, whether its student is asked about it, and whether they can rate it.
#[sqlx::test(migrations = "../migrations")]
async fn only_a_lesson_that_can_be_rated_is_asked_about(db: PgPool) {
    for (what, asked, can_rate) in [
        ("taught", true, true),
        ("rated", false, false),
        ("nobody joined", true, true),
        ("only the tutor joined", true, true),
        ("nobody joined, and nothing is charged", false, false),
        ("the student did not come", false, false),
        ("the tutor did not come", false, false),
        ("ended early", false, false),
        ("found after an outage of two days", false, true),
        ("found after an outage of some hours", true, true),
    ] {
        let world = World::in_english(db.clone()).await;
        let (services, tutor) = (&world.services, &world.tutor.actor);
        if what == "nobody joined, and nothing is charged" {
            let setting = "INSERT INTO settings VALUES ('nobody_joined', '\"charge_nothing\"')";
            testing::execute(services, setting).await;
        }
        let booking = world.told_of(at_hour(4)).await;
        world.set(booking.start).await;
        match what {
            "nobody joined" | "nobody joined, and nothing is charged" => {}
            "only the tutor joined" => drop(lesson::join(services, tutor, booking.id).await.expect("let in")),
            "the student did not come" => {
                lesson::join(services, tutor, booking.id).await.expect("let in");
                world.set(booking.start + TimeDelta::minutes(20)).await;
                lesson::mark_no_show(services, tutor, booking.lesson).await.expect("marked");
            }
            "the tutor did not come" => {
                drop(lesson::join(services, &world.student, booking.id).await.expect("let in"));
            }
            _ => world.join(&booking).await,
        }
        if what == "ended early" {
            world.set(booking.start + TimeDelta::minutes(10)).await;
            booking::complete(services, tutor, booking.id).await.expect("ended");
        }
        let rate = async || {
            let rating = Rating::parse(5).expect("a rating");
            review::rate(services, &world.student, booking.id, rating, None::<Feedback>).await
        };
        let due = booking.end + hours(1);
        if what == "rated" {
            world.tick_at(booking.end).await;
            rate().await.expect("rated");
        }
        let found = match what {
            "found after an outage of two days" => due + hours(48),
            "found after an outage of some hours" => due + hours(8),
            _ => due,
        };
        let written = world.tick_at(found).await;
        assert_eq!(written.contains(&pairs(ASKED)[0]), asked, "{what}: {written:?}");
        assert_eq!(rate().await.is_ok(), can_rate, "{what}");
        testing::execute(services, "TRUNCATE users, settings, outbox CASCADE").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn after_an_outage_one_question_is_asked_for_each_tutor(db: PgPool) {
    let world = World::in_english(db).await;
    let mut lessons = Vec::new();
    for hour in [4, 6, 8] {
        lessons.push(world.told_of(at_hour(hour)).await);
    }
    for lesson in &lessons {
        world.join(lesson).await;
    }
    let last = lessons.last().expect("a lesson");
    assert_eq!(world.tick_at(last.end + hours(3)).await, pairs(ASKED));
    let page = format!("/lessons/{}", last.id);
    let asked = world.new_mails(0).await.into_iter().find(|mail| mail.kind == "feedback_request");
    assert!(asked.expect("a question").text.contains(&page), "about the last");
    assert_eq!(world.tick_at(last.end + hours(4)).await, pairs(NONE));
}

/// Each row: who joined, the platform's setting, whether the tutor marked the student absent.
#[sqlx::test(migrations = "../migrations")]
async fn both_are_told_that_somebody_did_not_come(db: PgPool) {
    let (english, french) = (("en", "America/New_York"), ("fr", "Europe/Paris"));
    for (readers, student, tutor) in [("sam_en", english, french), ("sam_fr", french, english)] {
        for what in ["student_absent", "tutor_absent", "nobody_came"] {
            let world = World::open(db.clone(), student, tutor).await;
            testing::execute(
                &world.services,
                "INSERT INTO settings VALUES ('nobody_joined', '\"charge_nothing\"') ON CONFLICT DO NOTHING",
            )
            .await;
            let booking = world.told_of(at_hour(4)).await;
            let (services, tutor) = (&world.services, &world.tutor.actor);
            world.set(booking.start).await;
            match what {
                "student_absent" => {
                    lesson::join(services, tutor, booking.id).await.expect("let in");
                    world.set(booking.start + TimeDelta::minutes(20)).await;
                    lesson::mark_no_show(services, tutor, booking.lesson).await.expect("marked");
                }
                "tutor_absent" => {
                    drop(lesson::join(services, &world.student, booking.id).await.expect("let in"))
                }
                _ => {}
            }
            let before = world.new_mails(0).await.len();
            let written = world.tick_at(booking.end).await;
            assert_eq!(written, pairs(&[(SAM, "no_show"), (TINA, "no_show")]), "{what}");
            let mails = world.new_mails(before).await;
            assert_snapshot!(format!("{what}_{readers}"), shown(&mails, &booking));
            testing::execute(services, "TRUNCATE users, settings, outbox CASCADE").await;
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn reminders_and_questions_in_both_languages(db: PgPool) {
    let (english, french) = (("en", "America/New_York"), ("fr", "Europe/Paris"));
    for (readers, student, tutor) in [("sam_en", english, french), ("sam_fr", french, english)] {
        let world = World::open(db.clone(), student, tutor).await;
        let booking = world.told_of(at_hour(48)).await;
        for (name, at) in [
            ("reminder_day", at_hour(24)),
            ("reminder_hour", at_hour(47)),
            ("join_now", booking.start - FIVE),
        ] {
            let before = world.new_mails(0).await.len();
            world.tick_at(at).await;
            assert_snapshot!(format!("{name}_{readers}"), shown(&world.new_mails(before).await, &booking));
        }
        world.join(&booking).await;
        let before = world.new_mails(0).await.len();
        world.tick_at(booking.end + hours(1)).await;
        assert_snapshot!(format!("question_{readers}"), shown(&world.new_mails(before).await, &booking));
        testing::execute(&world.services, "TRUNCATE users, outbox CASCADE").await;
    }
}

/// Each row: what happens while the mail server is down, and how many reminders it takes afterwards.
#[sqlx::test(migrations = "../migrations")]
async fn a_reminder_that_could_not_be_sent_in_time_is_not_sent_late(db: PgPool) {
    for (what, sent) in [("nothing", 2), ("it begins", 0), ("it is moved", 0), ("it is cancelled", 0)] {
        let post = Post::closed();
        let services = testing::services_in(db.clone(), &[("SMTP_URL", &post.url())], None);
        let world = World::with(services, ("en", "UTC"), ("en", "UTC")).await;
        let booking = world.told_of(at_hour(48)).await;
        assert_eq!(world.tick_at(at_hour(47)).await, pairs(HOUR), "written, and not sent");
        let (services, tutor) = (&world.services, &world.tutor.actor);
        match what {
            "it begins" => world.set(booking.start).await,
            "it is moved" => {
                drop(
                    booking::reschedule(services, tutor, booking.id, at_hour(60), None).await.expect("moved"),
                );
            }
            "it is cancelled" => {
                drop(booking::cancel(services, tutor, booking.id, None).await.expect("cancelled"));
            }
            _ => {}
        }
        let post = post.open().await;
        jobs::retry_now(services).await.expect("due");
        world.work().await;
        let reminders = post.taken().iter().filter(|mail| mail.contains("Subject: Soon")).count();
        assert_eq!(reminders, sent, "{what}");
        let kept = mail::list(services).await.expect("mails");
        assert_eq!(kept.iter().filter(|mail| mail.kind == "reminder_hour").count(), 2);
        testing::execute(
            services,
            "TRUNCATE users, outbox CASCADE; DELETE FROM graphile_worker._private_jobs",
        )
        .await;
    }
}
