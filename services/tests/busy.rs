//! Busy times of calendars elsewhere, over a small web server of this process.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

mod web;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Code, booking::BookingState, interval::Interval};
use services::{
    Services,
    availability::{self, SlotQuery},
    booking, busy, jobs, sweep,
    testing::{self, Tutor, assert_invariants, at_hour, booked, now, refused, request},
};
use sqlx::PgPool;
use web::{Answer, Web};

/// A calendar with entries: the UID, the start and the minutes of each.
fn calendar(entries: &[(&str, DateTime<Utc>, i64)]) -> String {
    let entries = entries.iter().map(|(uid, start, minutes)| {
        let start = start.format("%Y%m%dT%H%M%SZ");
        format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{start}\r\nDURATION:PT{minutes}M\r\nEND:VEVENT\r\n")
    });
    let entries: String = entries.collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{entries}END:VCALENDAR\r\n")
}

async fn open(db: PgPool) -> (Services, Tutor, Web) {
    jobs::migrate(&db).await.expect("the queue");
    let services = testing::services(db);
    services.clock.set(&services.db, Some(now())).await.expect("the clock");
    let tutor = testing::tutor(&services, "Tina").await;
    (services, tutor, Web::open().await)
}

async fn connect(services: &Services, tutor: &Tutor, url: &str) -> services::Result<()> {
    busy::connect(services, &tutor.actor, tutor.id, url).await
}

/// Hours after [`now`] at which an hour starts that can be booked tomorrow.
async fn free(services: &Services, tutor: &Tutor) -> Vec<f64> {
    let query = SlotQuery {
        tutor: tutor.id.to_string(),
        range: Interval::new(at_hour(24), at_hour(48)),
        offering: None,
        duration: Some(60),
    };
    let found = availability::free_slots(services, &query).await.expect("slots").slots;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred minutes")]
    found.into_iter().map(|slot| (slot.start - now()).num_minutes() as f64 / 60.0).collect()
}

/// Lets minutes go by and does what is due.
async fn pass(services: &Services, minutes: i64) {
    let later = services.clock.now() + TimeDelta::minutes(minutes);
    services.clock.set(&services.db, Some(later)).await.expect("the clock");
    sweep::run(services).await.expect("swept");
    jobs::hand_out(services).await.expect("handed out");
    jobs::drain(services).await.expect("done");
}

#[sqlx::test(migrations = "../migrations")]
async fn busy_times_take_the_slots_that_they_overlap_and_move_no_other(db: PgPool) {
    let (services, tutor, web) = open(db).await;
    let student = testing::student(&services, "Sam").await;
    let before = free(&services, &tutor).await;
    assert_eq!(before.first().zip(before.last()), Some((&25.0, &32.0)));
    // A quarter of an hour from 28:40 on: of the slots every half hour those from 28:00 and 28:30 share time with it.
    web.serve(Answer::ok(&calendar(&[("call", at_hour(28) + TimeDelta::minutes(40), 15)])));
    connect(&services, &tutor, &web.url()).await.expect("connected");
    let mut expected = before.clone();
    expected.retain(|start| ![28.0, 28.5].contains(start));
    assert_eq!(free(&services, &tutor).await, expected);
    for start in [28, 29] {
        let placed = booking::place(&services, &student, &request(&tutor, at_hour(start)), None).await;
        if start == 28 {
            assert_eq!(refused(placed).0, Code::BookingConflict);
        } else {
            let placed = placed.expect("a booking");
            let moved = booking::reschedule(&services, &student, placed.id, at_hour(28), None).await;
            assert_eq!(refused(moved).0, Code::BookingConflict);
        }
    }
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_calendar_is_read_every_five_minutes_by_one_job(db: PgPool) {
    let (services, tutor, web) = open(db).await;
    web.serve(Answer::ok(&calendar(&[])));
    connect(&services, &tutor, &web.url()).await.expect("connected");
    assert_eq!(web.asked(), 1);
    pass(&services, 4).await;
    assert_eq!(web.asked(), 1, "not yet");
    web.serve(Answer::ok(&calendar(&[("call", at_hour(25), 60)])));
    pass(&services, 1).await;
    assert_eq!((web.asked(), jobs::hand_out(&services).await.expect("handed out").calendars), (2, 0));
    assert!(!free(&services, &tutor).await.contains(&25.0));
    web.serve(Answer::ok(&calendar(&[("call", at_hour(26), 60)])));
    pass(&services, 60).await;
    assert_eq!(web.asked(), 3, "after an outage once");
    let free = free(&services, &tutor).await;
    assert!(free.contains(&25.0) && !free.contains(&26.0), "{free:?}");
    pass(&services, -600).await;
    assert_eq!(web.asked(), 4, "a clock that is set back keeps no calendar from being read");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_calendar_that_fails_keeps_what_was_known_and_says_so(db: PgPool) {
    let (services, tutor, web) = open(db).await;
    web.serve(Answer::ok(&calendar(&[("call", at_hour(25), 60)])));
    connect(&services, &tutor, &web.url()).await.expect("connected");
    let list = async || busy::list(&services, &tutor.actor, tutor.id).await.expect("a list").remove(0);
    assert_eq!((list().await.host.as_str(), list().await.failing), ("127.0.0.1", None));
    let since = now() + TimeDelta::minutes(5);
    for (answer, problem) in [
        (Answer::status(500), busy::Problem::Unreachable),
        (Answer::ok("<!doctype html>"), busy::Problem::Unreadable),
        (Answer::endless(), busy::Problem::TooLarge),
        (Answer::closing(), busy::Problem::Unreachable),
    ] {
        web.serve(answer);
        pass(&services, 5).await;
        let shown = list().await;
        assert_eq!((shown.failing, shown.read_at), (Some((since, problem)), Some(now())), "{problem:?}");
        assert!(!free(&services, &tutor).await.contains(&25.0), "{problem:?}: what was known is gone");
    }
    web.serve(Answer::ok(&calendar(&[])));
    pass(&services, 5).await;
    let shown = list().await;
    assert_eq!((shown.failing, shown.read_at), (None, Some(services.clock.now())));
    assert!(free(&services, &tutor).await.contains(&25.0));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_calendar_says_changes_no_lesson_and_our_own_lessons_in_it_take_no_time(db: PgPool) {
    let (services, tutor, web) = open(db).await;
    let student = testing::student(&services, "Sam").await;
    let placed = booked(&services, &student, &tutor, at_hour(26)).await;
    let uid = placed.id.to_string();
    web.serve(Answer::ok(&calendar(&[(&uid, placed.start, 60), ("call", at_hour(26), 30)])));
    connect(&services, &tutor, &web.url()).await.expect("connected");
    let moved = booking::reschedule(&services, &student, placed.id, at_hour(28), None).await.expect("moved");
    // The calendar elsewhere still has the old time of the lesson, and of the call only a part is left.
    let now_free = free(&services, &tutor).await;
    assert!(now_free.contains(&26.5) && !now_free.contains(&26.0), "{now_free:?}");
    web.serve(Answer::ok(&calendar(&[])));
    pass(&services, 5).await;
    let kept = booking::find(&services, &student, placed.id).await.expect("the lesson");
    assert_eq!((kept.state, kept.start), (BookingState::Confirmed, moved.start));
    let stranger = testing::tutor(&services, "Otto").await;
    web.serve(Answer::ok(&calendar(&[(&uid, at_hour(27), 60)])));
    connect(&services, &stranger, &web.url()).await.expect("connected");
    assert!(!free(&services, &stranger).await.contains(&27.0), "another tutor's lesson is a busy time");
    assert_invariants(&services).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn only_what_can_be_read_is_connected_once_and_only_by_its_tutor(db: PgPool) {
    let (services, tutor, web) = open(db).await;
    for (answer, key) in [
        (Answer::status(404), "calendar_unreachable"),
        (Answer::ok("Hello"), "calendar_unreadable"),
        (Answer::endless(), "calendar_too_large"),
        (Answer::redirect("ftp://127.0.0.1/"), "calendar_unreachable"),
        (Answer::redirect("/"), "calendar_unreachable"),
    ] {
        web.serve(answer);
        assert_eq!(refused(connect(&services, &tutor, &web.url()).await).1, key);
    }
    for url in ["", "calendar", "file:///etc/passwd", "http://", "https://user:secret@calendar.test/x.ics"] {
        assert_eq!(refused(connect(&services, &tutor, url).await).1, "calendar_address", "{url}");
    }
    web.serve(Answer::ok(&calendar(&[("call", at_hour(25), 60)])));
    connect(&services, &tutor, &format!(" {} ", web.url())).await.expect("connected");
    assert_eq!(refused(connect(&services, &tutor, &web.url()).await).1, "calendar_known");
    for number in 1..10 {
        connect(&services, &tutor, &format!("{}?{number}", web.url())).await.expect("connected");
    }
    assert_eq!(refused(connect(&services, &tutor, &format!("{}?10", web.url())).await).1, "calendars_full");
    let other = testing::tutor(&services, "Otto").await;
    let theirs = busy::connect(&services, &other.actor, tutor.id, &web.url()).await;
    assert_eq!(refused(theirs).0, Code::InsufficientPermissions);
    let connected = busy::list(&services, &tutor.actor, tutor.id).await.expect("a list");
    let gone = busy::disconnect(&services, &other.actor, other.id, connected[0].id).await;
    assert_eq!(refused(gone).0, Code::NotFound);
    assert!(!free(&services, &tutor).await.contains(&25.0));
    for connection in connected {
        busy::disconnect(&services, &tutor.actor, tutor.id, connection.id).await.expect("disconnected");
    }
    assert!(free(&services, &tutor).await.contains(&25.0), "its busy times are gone with it");
    pass(&services, 5).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn in_production_no_address_leads_into_the_server_s_own_network(db: PgPool) {
    const SECRET: &str = "a secret of more than sixteen bytes";
    let (development, tutor, web) = open(db.clone()).await;
    let vars = [
        ("LECTERN_ENV", "production"),
        ("SESSION_SECRET", SECRET),
        ("CRON_SECRET", SECRET),
        ("PUBLIC_URL", "https://lectern.test"),
        ("SMTP_URL", "smtps://mail.lectern.test"),
        ("STRIPE_SECRET_KEY", SECRET),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_x"),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
    ];
    let production = testing::services_in(db, &vars, None);
    web.serve(Answer::ok(&calendar(&[])));
    let named = web.url().replace("127.0.0.1", "localhost");
    assert_eq!(refused(connect(&production, &tutor, &web.url()).await).1, "calendar_address");
    assert_eq!(refused(connect(&production, &tutor, &named).await).1, "calendar_unreachable");
    assert_eq!(web.asked(), 0, "nobody was asked");
    connect(&development, &tutor, &named).await.expect("the same address, on a developer's machine");
}
