//! Hours and the slots that follow, on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    Code,
    account::Role,
    availability::{Availability, Override, WeeklyWindow, Window},
    ids::OfferingId,
    interval::Interval,
    zone::Zone,
};
use services::{
    Services,
    availability::{self, FreeSlots, SlotQuery},
    booking::{self, HoldRequest},
    testing::{self, Tutor, at_hour, booked, now, refused},
};
use sqlx::PgPool;
use uuid::Uuid;

fn query(tutor: &Tutor, hours: (i64, i64)) -> SlotQuery {
    let range = Interval::new(at_hour(hours.0), at_hour(hours.1));
    SlotQuery { tutor: tutor.id.to_string(), range, offering: None, duration: Some(60) }
}

async fn free(services: &Services, query: &SlotQuery) -> FreeSlots {
    availability::free_slots(services, query).await.expect("slots")
}

fn minutes(found: &FreeSlots) -> Vec<i64> {
    found.slots.iter().map(|slot| (slot.start - now()).num_minutes()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_offered_can_be_booked_and_then_is_not_offered(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let today = query(&tutor, (0, 10));
    let found = free(&services, &today).await;
    assert_eq!(minutes(&found), (4..=16).map(|half| half * 30).collect::<Vec<_>>());
    assert_eq!((found.tutor, found.offering, found.duration), (tutor.id, Some(tutor.offering), 60));
    assert_eq!((found.now, found.zone, found.policy.notice_min), (now(), Zone::UTC, 120));
    booked(&services, &student, &tutor, at_hour(4)).await;
    let wish = HoldRequest { tutor: tutor.id, offering: None, start: at_hour(7), duration: 60 };
    let hold = booking::hold(&services, &student, &wish).await.expect("held");
    assert_eq!(minutes(&free(&services, &today).await), [120, 150, 180, 300, 330, 360, 480]);
    services.clock.show(Some(hold.expires_at));
    assert_eq!(minutes(&free(&services, &today).await), [150, 180, 300, 330, 360, 390, 420, 450, 480]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_question_means_the_first_offering_that_has_the_duration(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let second = testing::offering(&services, tutor.id, &[(45, 100), (60, 200)]).await;
    let slug: String =
        sqlx::query_scalar("SELECT slug FROM tutors").fetch_one(&services.db).await.expect("a slug");
    let base = SlotQuery { tutor: slug, ..query(&tutor, (0, 10)) };
    for (offering, duration, expected) in [
        (None, None, (tutor.offering, 30)),
        (None, Some(60), (tutor.offering, 60)),
        (None, Some(45), (second, 45)),
        (Some(second), None, (second, 45)),
        (Some(second), Some(60), (second, 60)),
    ] {
        let found = free(&services, &SlotQuery { offering, duration, ..base.clone() }).await;
        assert_eq!((found.offering, found.duration), (Some(expected.0), expected.1));
        assert!(!found.slots.is_empty());
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn questions_that_mean_nothing_are_refused(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let base = query(&tutor, (0, 10));
    let unknown = OfferingId(Uuid::from_u128(7));
    let range = |from: DateTime<Utc>, to: DateTime<Utc>| Interval::new(from, to);
    for (asked, code) in [
        (SlotQuery { tutor: "nobody".into(), ..base.clone() }, Code::ProfileNotFound),
        (SlotQuery { tutor: unknown.to_string(), ..base.clone() }, Code::ProfileNotFound),
        (SlotQuery { duration: Some(45), ..base.clone() }, Code::InvalidDuration),
        (SlotQuery { duration: Some(i64::MIN), ..base.clone() }, Code::InvalidDuration),
        (SlotQuery { offering: Some(unknown), ..base.clone() }, Code::NotFound),
        (SlotQuery { offering: Some(unknown), duration: None, ..base.clone() }, Code::NotFound),
        (SlotQuery { range: range(at_hour(1), at_hour(0)), ..base.clone() }, Code::InvalidRequest),
        (
            SlotQuery {
                range: range(now(), now() + TimeDelta::days(62) + TimeDelta::seconds(1)),
                ..base.clone()
            },
            Code::InvalidRequest,
        ),
    ] {
        assert_eq!(refused(availability::free_slots(&services, &asked).await).0, code, "{asked:?}");
    }
    for (from, to) in [
        (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MIN_UTC + TimeDelta::days(1)),
        (DateTime::<Utc>::MAX_UTC - TimeDelta::days(1), DateTime::<Utc>::MAX_UTC),
        (now(), now()),
    ] {
        assert!(
            free(&services, &SlotQuery { range: range(from, to), ..base.clone() }).await.slots.is_empty()
        );
    }
    let month = SlotQuery { range: range(now(), now() + TimeDelta::days(62)), ..base };
    let found = free(&services, &month).await;
    assert_eq!(
        found.slots.last().map(|slot| slot.start),
        Some(now() + TimeDelta::days(29) + TimeDelta::hours(8))
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_who_cannot_be_booked_has_no_slots(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let today = query(&tutor, (0, 10));
    testing::execute(&services, "UPDATE tutors SET is_active = false").await;
    assert!(free(&services, &today).await.slots.is_empty());
    testing::execute(&services, "UPDATE tutors SET is_active = true; DELETE FROM offerings").await;
    let none = free(&services, &SlotQuery { duration: None, ..today.clone() }).await;
    assert_eq!((none.offering, none.duration, none.slots.len()), (None, 0, 0));
    let fixed = free(&services, &today).await;
    assert_eq!((fixed.offering, fixed.slots.len()), (None, 0));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_tutor_s_settings_go_before_the_platform_s(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    testing::execute(&services, "INSERT INTO settings VALUES ('notice_min', '300'), ('horizon_days', '2')")
        .await;
    let week = query(&tutor, (0, 24 * 7));
    let first_and_last = async || {
        let found = free(&services, &week).await;
        let hours = |slot: Option<&domain::slot::Slot>| slot.map(|slot| (slot.start - now()).num_hours());
        (hours(found.slots.first()), hours(found.slots.last()))
    };
    assert_eq!(first_and_last().await, (Some(5), Some(32)));
    testing::execute(&services, "UPDATE tutors SET notice_min = 0, horizon_days = 1").await;
    assert_eq!(first_and_last().await, (Some(1), Some(8)));
}

fn hours() -> Availability {
    let window = |start, end| Window::parse(start, end).expect("a window");
    let date = NaiveDate::from_ymd_opt(2027, 3, 3).expect("a date");
    let weekly = vec![
        WeeklyWindow { weekday: 1, window: window("22:00", "02:00") },
        WeeklyWindow { weekday: 1, window: window("09:00", "12:00") },
        WeeklyWindow { weekday: 2, window: window("20:00", "24:00") },
    ];
    let overrides = vec![
        Override { date, windows: vec![window("10:00", "11:00")], reason: Some("Exam".into()) },
        Override { date: date.succ_opt().expect("a date"), windows: vec![], reason: None },
    ];
    Availability::new(Zone::parse("Europe/Paris").expect("a zone"), weekly, overrides).expect("hours")
}

#[sqlx::test(migrations = "../migrations")]
async fn hours_are_read_as_they_were_written(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    for actor in [&tutor.actor, &admin] {
        availability::set_hours(&services, actor, tutor.id, &hours()).await.expect("written");
        assert_eq!(availability::hours(&services, actor, tutor.id).await.expect("read"), hours());
    }
    // Monday 22:00 to Tuesday 02:00 in Paris, Tuesday 20:00 to 24:00, Wednesday 10:00 to 11:00.
    let found = free(&services, &query(&tutor, (6, 24 * 4))).await;
    let starts: Vec<_> = minutes(&found).into_iter().map(|minute| minute / 30).collect();
    let expected: Vec<i64> = (26..=32).chain(70..=76).chain([98]).collect();
    assert_eq!(starts, expected);
    let stranger = testing::tutor(&services, "Theo").await.actor;
    let student = testing::student(&services, "Sam").await;
    for actor in [&stranger, &student] {
        let written = availability::set_hours(&services, actor, tutor.id, &hours()).await;
        assert_eq!(refused(written).0, Code::InsufficientPermissions);
        let read = availability::hours(&services, actor, tutor.id).await;
        assert_eq!(refused(read).0, Code::InsufficientPermissions);
    }
    let nobody = Uuid::from_u128(7).into();
    assert_eq!(refused(availability::hours(&services, &admin, nobody).await).0, Code::ProfileNotFound);
    let written = availability::set_hours(&services, &admin, nobody, &hours()).await;
    assert_eq!(refused(written).0, Code::ProfileNotFound);
}
