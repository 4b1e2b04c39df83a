//! How lessons were attended, on a real database.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use chrono::TimeDelta;
use domain::{Code, account::Role, booking::Booking, presence::Coming};
use services::{
    Actor, Services, lesson,
    lesson::{Person, Whose},
    sweep,
    testing::{self, at_hour, booked, now, refused},
};
use sqlx::PgPool;

/// Opens the lesson's link so many minutes after its start, and has the outcome settled after its end.
async fn taught(services: &Services, placed: &Booking, joins: &[(&Actor, i64)]) {
    for (actor, minute) in joins {
        services.clock.show(Some(placed.start + TimeDelta::minutes(*minute)));
        lesson::join(services, actor, placed.id).await.expect("let in");
    }
    services.clock.show(Some(placed.end + TimeDelta::minutes(1)));
    sweep::run(services).await.expect("swept");
}

fn lessons_of(people: &[Person]) -> Vec<(&str, u32)> {
    people.iter().map(|person| (&*person.name, person.tally.lessons)).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn lessons_are_counted_by_week_and_by_person(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let other = testing::tutor(&services, "Theo").await;
    let (sam, sue) = (testing::student(&services, "Sam").await, testing::student(&services, "Sue").await);
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    services.clock.show(Some(now()));
    let first = booked(&services, &sam, &tutor, at_hour(4)).await;
    let second = booked(&services, &sue, &tutor, at_hour(6)).await;
    let next_week = booked(&services, &sam, &tutor, at_hour(24 * 7 + 4)).await;
    let elsewhere = booked(&services, &sue, &other, at_hour(24 * 7 + 6)).await;
    let called_off = booked(&services, &sue, &other, at_hour(24 * 7 + 8)).await;
    services::booking::cancel(&services, &sue, called_off.id, None).await.expect("called off");
    taught(&services, &first, &[(&tutor.actor, -2), (&sam, 0)]).await;
    taught(&services, &second, &[(&tutor.actor, 6), (&sue, 10)]).await;
    taught(&services, &next_week, &[(&tutor.actor, 0)]).await;
    taught(&services, &elsewhere, &[(&sue, 0), (&other.actor, 30)]).await;

    let report = lesson::presences(&services, &tutor.actor, Whose::Tutor(tutor.id), 4).await.expect("read");
    assert_eq!(report.total.tutor, Coming { in_time: 2, late: 1, absent: 0, late_seconds: 360 });
    assert_eq!(report.total.student, Coming { in_time: 1, late: 1, absent: 1, late_seconds: 600 });
    assert_eq!((report.total.lessons, report.total.together_seconds), (3, 60 * (60 + 50)));
    let weeks: Vec<_> = report.weeks.iter().map(|(_, tally)| tally.lessons).collect();
    assert_eq!(weeks, [1, 2], "the latest week first");
    let apart = report.weeks[0].0 - report.weeks[1].0;
    assert_eq!(apart, TimeDelta::days(7));
    assert_eq!(lessons_of(&report.students), [("Sam", 2), ("Sue", 1)]);
    assert_eq!(report.students[0].tally.student.absent, 1);

    let all = lesson::presences(&services, &admin, Whose::Everybody, 4).await.expect("read");
    assert_eq!(lessons_of(&all.tutors), [("Tina", 3), ("Theo", 1)]);
    assert_eq!(all.tutors[1].tally.together_seconds, 60 * 30);
    assert_eq!(lessons_of(&all.students), [("Sam", 2), ("Sue", 2)]);
    assert_eq!(all.students[1].tally.student, Coming { in_time: 1, late: 1, absent: 0, late_seconds: 600 });
    let sue = lesson::presences(&services, &admin, Whose::Student(sue.user), 4).await.expect("read");
    assert_eq!((sue.total.lessons, sue.weeks.len()), (2, 2));
    assert_eq!(sue.total, all.students[1].tally, "the same from both sides");
    assert_eq!(lessons_of(&sue.tutors), [("Theo", 1), ("Tina", 1)]);
    let one = lesson::presences(&services, &admin, Whose::Tutor(tutor.id), 4).await.expect("read");
    assert_eq!(one.total, report.total);
    let this_week =
        lesson::presences(&services, &tutor.actor, Whose::Tutor(tutor.id), 1).await.expect("read");
    assert_eq!(this_week.total.lessons, 1, "last week's lessons are out of it");
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_else_reads_them(db: PgPool) {
    let services = testing::services(db);
    let tutor = testing::tutor(&services, "Tina").await;
    let other = testing::tutor(&services, "Theo").await;
    let student = testing::student(&services, "Sam").await;
    for (actor, whose) in [
        (&other.actor, Whose::Tutor(tutor.id)),
        (&student, Whose::Tutor(tutor.id)),
        (&student, Whose::Student(student.user)),
        (&tutor.actor, Whose::Student(student.user)),
        (&student, Whose::Everybody),
        (&tutor.actor, Whose::Everybody),
    ] {
        assert!(actor.role != Role::Admin);
        let answer = lesson::presences(&services, actor, whose, 4).await;
        assert_eq!(refused(answer).0, Code::InsufficientPermissions);
    }
    let admin = testing::user(&services, "Ada", Role::Admin).await;
    let name = lesson::student_name(&services, &admin, student.user).await;
    assert_eq!(name.expect("read"), "Sam");
    let refusals = [
        (&tutor.actor, student.user, Code::InsufficientPermissions),
        (&admin, tutor.actor.user, Code::NotFound),
    ];
    for (actor, whose, code) in refusals {
        assert_eq!(refused(lesson::student_name(&services, actor, whose).await).0, code);
    }
    for weeks in [0, 53] {
        let answer = lesson::presences(&services, &tutor.actor, Whose::Tutor(tutor.id), weeks).await;
        assert_eq!(refused(answer).0, Code::InvalidRequest);
    }
}
