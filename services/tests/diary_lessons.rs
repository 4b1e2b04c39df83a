//! Lessons written into calendars elsewhere, over Radicale.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod diaries;
mod radicale;

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty};
use chrono::{DateTime, TimeDelta, Utc};
use diaries::{account, choose, connect, entry, is_free, only, open, pass};
use domain::booking::{Booking, BookingState};
use radicale::Radicale;
use services::{
    Services, booking, busy,
    diary::{self, WriteLesson},
    jobs::{self, Job as _},
    testing::{self, Tutor, assert_invariants, at_hour, booked, execute},
};
use sqlx::PgPool;

/// Services, a tutor whose lessons are written into Work, and the server.
async fn writing(db: PgPool) -> (Services, Tutor, Radicale) {
    let (services, tutor, radicale) = open(db).await;
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("connected");
    choose(&services, &tutor, &["Work"], Some("Work")).await;
    (services, tutor, radicale)
}

/// The entries of a calendar.
async fn entries(radicale: &Radicale, calendar: &str) -> Vec<ICalendarComponent> {
    let calendar = ICalendar::parse(radicale.calendar(calendar).await).expect("a calendar");
    let is_entry = |part: &ICalendarComponent| part.component_type == ICalendarComponentType::VEvent;
    calendar.components.into_iter().filter(is_entry).collect()
}

/// The names of the entries of a calendar, and when they start.
async fn shown(radicale: &Radicale, calendar: &str) -> Vec<(String, DateTime<Utc>)> {
    let mut shown: Vec<_> = entries(radicale, calendar).await.iter().map(name_and_start).collect();
    shown.sort();
    shown
}

fn name_and_start(entry: &ICalendarComponent) -> (String, DateTime<Utc>) {
    let start = entry.property(&ICalendarProperty::Dtstart).and_then(|start| start.values.first());
    let start = start.and_then(|value| value.as_partial_date_time()?.to_rfc3339()).expect("a start");
    (entry.uid().expect("a name").to_owned(), start.parse().expect("an instant"))
}

/// What a calendar shows of a booking.
fn as_shown(booking: &Booking) -> (String, DateTime<Utc>) {
    (booking.id.to_string(), booking.start)
}

fn file(booking: &Booking) -> String {
    format!("work/{}.ics", booking.id)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_written_once_it_is_certain_moved_and_removed(db: PgPool) {
    let (services, tutor, radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    execute(&services, "UPDATE tutors SET confirm_requests = true").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, [], "a request is not written");
    booking::confirm(&services, &tutor.actor, placed.id).await.expect("confirmed");
    pass(&services, 1).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&placed)]);
    let text = radicale.get(&file(&placed)).await.expect("a file");
    for absent in ["METHOD", "ATTENDEE", "ORGANIZER"] {
        assert!(!text.contains(absent), "a server would write to people: {text}");
    }
    let sequence = |text: &str| {
        let line =
            text.lines().find_map(|line| line.strip_prefix("SEQUENCE:")).expect("a sequence").to_owned();
        line.trim().parse::<u32>().expect("a number")
    };
    let before = sequence(&text);
    let moved = booking::reschedule(&services, &tutor.actor, placed.id, at_hour(29), None).await;
    let moved = moved.expect("moved");
    pass(&services, 1).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&moved)]);
    assert!(sequence(&radicale.get(&file(&placed)).await.expect("a file")) > before);
    booking::cancel(&services, &tutor.actor, placed.id, None).await.expect("cancelled");
    pass(&services, 1).await;
    assert_eq!(shown(&radicale, "work").await, []);
    assert_eq!(testing::number(&services, "SELECT count(*) FROM lesson_entries").await, 0);
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_in_the_calendar_that_is_read_takes_no_time_twice(db: PgPool) {
    let (services, tutor, radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 5).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&placed)]);
    assert!(!is_free(&services, &tutor, 26).await, "it is booked");
    let half = at_hour(26) + TimeDelta::minutes(30);
    booking::reschedule(&services, &student, placed.id, half, None).await.expect("half an hour later");
    booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
    assert!(is_free(&services, &tutor, 26).await, "before the calendar is read again");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_becomes_of_an_entry_elsewhere_changes_no_lesson(db: PgPool) {
    let (services, tutor, radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    radicale.delete(&file(&placed)).await;
    pass(&services, 5).await;
    pass(&services, 5).await;
    let kept = booking::find(&services, &student, placed.id).await.expect("the lesson");
    assert_eq!((kept.state, kept.start), (BookingState::Confirmed, placed.start));
    assert_eq!(shown(&radicale, "work").await, [], "who removed it does not want it there");
    let moved = booking::reschedule(&services, &student, placed.id, at_hour(29), None).await.expect("moved");
    pass(&services, 5).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&moved)], "that it was moved is news");
    // Moved there by hand: our next change has the last word.
    radicale.put(&file(&placed), &entry(&placed.id.to_string(), at_hour(31), 60, "")).await;
    pass(&services, 5).await;
    let kept = booking::find(&services, &student, placed.id).await.expect("the lesson");
    assert_eq!((kept.state, kept.start), (BookingState::Confirmed, moved.start));
    let moved = booking::reschedule(&services, &student, placed.id, at_hour(30), None).await.expect("moved");
    pass(&services, 5).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&moved)]);
    radicale.delete(&file(&placed)).await;
    booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
    pass(&services, 5).await;
    assert_eq!(
        jobs::list_failed(&services, &testing::user(&services, "Ada", domain::account::Role::Admin).await)
            .await
            .expect("a list"),
        []
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn while_the_provider_is_down_nothing_is_lost_and_afterwards_nothing_is_doubled(db: PgPool) {
    let (services, tutor, mut radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let gone = booked(&services, &student, &tutor, at_hour(25)).await;
    pass(&services, 0).await;
    radicale.stop();
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    booking::cancel(&services, &student, gone.id, None).await.expect("cancelled");
    pass(&services, 5).await;
    let failing = only(&services, &tutor).await.lessons_failing.expect("it fails");
    assert_eq!(failing.1, busy::Problem::Unreachable);
    let moved = booking::reschedule(&services, &student, placed.id, at_hour(29), None).await.expect("moved");
    pass(&services, 55).await;
    radicale.start().await;
    pass(&services, 60).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&moved)]);
    assert_eq!(only(&services, &tutor).await.lessons_failing, None);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_password_that_is_not_taken_any_more_asks_for_another_and_then_all_is_written(db: PgPool) {
    let (services, tutor, mut radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    radicale.set_password("another");
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    assert!(only(&services, &tutor).await.is_refused());
    let waiting = "SELECT count(*) FROM graphile_worker._private_jobs";
    assert_eq!(testing::number(&services, waiting).await, 0, "trying again would not help");
    connect(&services, &tutor, &account(&radicale.url(), "another")).await.expect("connected again");
    assert!(!only(&services, &tutor).await.is_refused(), "it has just let us in");
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&placed)]);
    assert!(!only(&services, &tutor).await.is_refused());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_calendar_that_may_not_be_written_into_says_so_until_its_tutor_chooses_again(db: PgPool) {
    let (services, tutor, mut radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    radicale.restart("Rr").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    let failing = only(&services, &tutor).await.lessons_failing.expect("it fails");
    assert_eq!(failing.1, busy::Problem::Forbidden);
    let waiting = "SELECT count(*) FROM graphile_worker._private_jobs";
    assert_eq!(testing::number(&services, waiting).await, 0, "trying again would not help");
    radicale.restart("RrWw").await;
    choose(&services, &tutor, &["Work"], Some("Work")).await;
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&placed)]);
    assert_eq!(only(&services, &tutor).await.lessons_failing, None);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_server_killed_anywhere_leaves_no_second_entry_and_none_too_many(db: PgPool) {
    let (services, tutor, radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    let again = async || WriteLesson { booking: placed.id }.run(&services).await.expect("written");
    pass(&services, 0).await;
    // After the entry was written, before that was noted; the same before it was written; before anything was noted.
    for (statement, there) in [
        ("UPDATE lesson_entries SET written = NULL", true),
        ("UPDATE lesson_entries SET written = NULL", false),
        ("DELETE FROM lesson_entries", true),
        ("DELETE FROM lesson_entries", false),
    ] {
        execute(&services, statement).await;
        if !there {
            radicale.delete(&file(&placed)).await;
        }
        again().await;
        assert_eq!(shown(&radicale, "work").await, [as_shown(&placed)], "{statement}");
    }
    execute(&services, "DELETE FROM lesson_entries").await;
    booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, []);
    again().await;
    assert_eq!(shown(&radicale, "work").await, []);
}

#[sqlx::test(migrations = "../migrations")]
async fn many_jobs_of_one_lesson_end_with_its_last_state(db: PgPool) {
    let (services, tutor, radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let mut placed = booked(&services, &student, &tutor, at_hour(25)).await;
    for round in 0..8 {
        let work = (0..6).map(|_| {
            let services = services.clone();
            tokio::spawn(async move { WriteLesson { booking: placed.id }.run(&services).await })
        });
        let work: Vec<_> = work.collect();
        if round < 7 {
            let start = at_hour(26 + round);
            placed = booking::reschedule(&services, &student, placed.id, start, None).await.expect("moved");
        } else {
            booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
        }
        for job in work {
            // One that others overtook again and again says so, and is tried again.
            let _ = job.await.expect("no panic");
        }
        jobs::hand_out(&services).await.expect("handed out");
        jobs::drain(&services).await.expect("done");
        let expected = if round < 7 { vec![as_shown(&placed)] } else { Vec::new() };
        assert_eq!(shown(&radicale, "work").await, expected, "round {round}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn lessons_follow_the_choice_of_their_calendar(db: PgPool) {
    let (services, tutor, radicale) = open(db).await;
    let student = testing::student(&services, "Sam").await;
    radicale.make("home", "Home", "VEVENT").await;
    let (first, second) = (
        booked(&services, &student, &tutor, at_hour(25)).await,
        booked(&services, &student, &tutor, at_hour(50)).await,
    );
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("connected");
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, []);
    let both = {
        let mut both = [as_shown(&first), as_shown(&second)];
        both.sort();
        both
    };
    for (lessons_in, work, home) in [
        (Some("Work"), &both[..], &[][..]),
        (Some("Home"), &[][..], &both[..]),
        (None, &[][..], &[][..]),
        (Some("Work"), &both[..], &[][..]),
    ] {
        choose(&services, &tutor, &[], lessons_in).await;
        pass(&services, 0).await;
        assert_eq!(shown(&radicale, "work").await, work, "{lessons_in:?}");
        assert_eq!(shown(&radicale, "home").await, home, "{lessons_in:?}");
    }
    // What is over stays where it is.
    pass(&services, 27 * 60).await;
    choose(&services, &tutor, &[], Some("Home")).await;
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&first)]);
    assert_eq!(shown(&radicale, "home").await, [as_shown(&second)]);
    let own = only(&services, &tutor).await;
    diary::disconnect(&services, &tutor.actor, tutor.id, own.id).await.expect("disconnected");
    booking::cancel(&services, &student, second.id, None).await.expect("cancelled");
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "home").await, [as_shown(&second)], "it is not ours to change any more");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_choice_made_while_jobs_write_has_the_last_word(db: PgPool) {
    let (services, tutor, radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    radicale.make("home", "Home", "VEVENT").await;
    connect(&services, &tutor, &account(&radicale.url(), "geheim")).await.expect("looked again");
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    for round in 0..8 {
        let (chosen, here, elsewhere) =
            if round % 2 == 0 { ("Home", "home", "work") } else { ("Work", "work", "home") };
        // What was written is doubted, so that the older jobs have something to do.
        execute(&services, "UPDATE lesson_entries SET written = NULL").await;
        let write = || {
            let services = services.clone();
            tokio::spawn(async move { WriteLesson { booking: placed.id }.run(&services).await })
        };
        let older: Vec<_> = (0..4).map(|_| write()).collect();
        choose(&services, &tutor, &[], Some(chosen)).await;
        jobs::drain(&services).await.expect("done");
        for job in older {
            // One that others overtook again and again says so, and is tried again.
            if job.await.expect("no panic").is_err() {
                write().await.expect("no panic").expect("written");
            }
        }
        assert_eq!(shown(&radicale, here).await, [as_shown(&placed)], "round {round}");
        assert_eq!(shown(&radicale, elsewhere).await, [], "round {round}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_entry_that_could_not_be_removed_goes_with_its_lesson(db: PgPool) {
    let (services, tutor, mut radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    radicale.restart("Rr").await;
    choose(&services, &tutor, &[], None).await;
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&placed)]);
    radicale.restart("RrWw").await;
    booking::cancel(&services, &student, placed.id, None).await.expect("cancelled");
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, []);
}

/// Has the server refuse to take a lesson: an entry of the same name stands elsewhere in the calendar (RFC 4791, 5.3.2.1).
async fn obstruct(radicale: &Radicale, booking: &Booking) {
    radicale.put("work/copy.ics", &entry(&booking.id.to_string(), at_hour(100), 60, "")).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_account_warns_until_the_last_of_its_lessons_is_written(db: PgPool) {
    let (services, tutor, radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    let hindered = booked(&services, &student, &tutor, at_hour(26)).await;
    obstruct(&radicale, &hindered).await;
    pass(&services, 0).await;
    let since = services.clock.now();
    let placed = booked(&services, &student, &tutor, at_hour(29)).await;
    pass(&services, 0).await;
    assert!(radicale.get(&file(&placed)).await.is_some() && radicale.get(&file(&hindered)).await.is_none());
    let failing = only(&services, &tutor).await.lessons_failing;
    assert_eq!(
        failing,
        Some((since, busy::Problem::Unreachable)),
        "another lesson's success is not this one's"
    );
    radicale.delete("work/copy.ics").await;
    let mut both = vec![as_shown(&hindered), as_shown(&placed)];
    both.sort();
    pass(&services, 60).await;
    assert_eq!(shown(&radicale, "work").await, both);
    assert_eq!(only(&services, &tutor).await.lessons_failing, None);
    assert_eq!(testing::number(&services, "SELECT count(*) FROM unwritten_lessons").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_refused_is_tried_again_each_hour(db: PgPool) {
    let (services, tutor, mut radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    radicale.set_password("another");
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    let since = services.clock.now();
    for hour in 0..3 {
        pass(&services, 60).await;
        let failing = only(&services, &tutor).await.lessons_failing;
        assert_eq!(failing, Some((since, busy::Problem::Refused)), "hour {hour}");
    }
    radicale.set_password("geheim");
    pass(&services, 59).await;
    assert_eq!(shown(&radicale, "work").await, [], "not yet");
    pass(&services, 1).await;
    assert_eq!(shown(&radicale, "work").await, [as_shown(&placed)]);
    assert_eq!(only(&services, &tutor).await.lessons_failing, None);
}

#[sqlx::test(migrations = "../migrations")]
async fn once_an_account_works_again_what_failed_is_written_at_once(db: PgPool) {
    let (services, tutor, mut radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    radicale.set_password("another");
    let mut all = Vec::new();
    for hour in [26, 50, 74] {
        all.push(booked(&services, &student, &tutor, at_hour(hour)).await);
    }
    pass(&services, 0).await;
    assert_eq!(shown(&radicale, "work").await, []);
    radicale.set_password("geheim");
    all.push(booked(&services, &student, &tutor, at_hour(28)).await);
    pass(&services, 0).await;
    let mut expected: Vec<_> = all.iter().map(as_shown).collect();
    expected.sort();
    assert_eq!(shown(&radicale, "work").await, expected);
    assert_eq!(only(&services, &tutor).await.lessons_failing, None);
    // One lesson that never succeeds keeps the others from nothing, and none of them it: each is asked for once.
    let hindered = booked(&services, &student, &tutor, at_hour(31)).await;
    obstruct(&radicale, &hindered).await;
    pass(&services, 0).await;
    let tries = "SELECT sum(tries) FROM unwritten_lessons";
    assert_eq!(testing::number(&services, tries).await, 1);
    booked(&services, &student, &tutor, at_hour(52)).await;
    pass(&services, 0).await;
    assert_eq!(testing::number(&services, tries).await, 2);
    pass(&services, 0).await;
    assert_eq!(testing::number(&services, tries).await, 2, "nothing makes it due");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_that_was_never_written_is_given_up_once_it_is_over(db: PgPool) {
    let (services, tutor, mut radicale) = writing(db).await;
    let student = testing::student(&services, "Sam").await;
    radicale.stop();
    let cancelled = booked(&services, &student, &tutor, at_hour(25)).await;
    booked(&services, &student, &tutor, at_hour(26)).await;
    pass(&services, 0).await;
    booking::cancel(&services, &student, cancelled.id, None).await.expect("cancelled");
    pass(&services, 26 * 60).await;
    assert!(only(&services, &tutor).await.lessons_failing.is_some(), "one is under way");
    pass(&services, 61).await;
    assert_eq!(only(&services, &tutor).await.lessons_failing, None);
    assert_eq!(testing::number(&services, "SELECT count(*) FROM unwritten_lessons").await, 0);
}
