//! What the database says when all else has said yes.
#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use domain::Code;
use services::{
    Services, booking,
    testing::{self, assert_invariants, at_hour, booked, number, refused, request},
};
use sqlx::PgPool;

/// Runs a body of PL/pgSQL whenever somebody claims a slot.
async fn on_claim(services: &Services, body: &str) {
    let sql = format!(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
         CREATE TRIGGER meddle BEFORE INSERT ON claims FOR EACH ROW WHEN (pg_trigger_depth() = 0)
         EXECUTE FUNCTION meddle()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&services.db).await.expect("a trigger");
}

/// Each row: whose time the meddler takes, and the sentence.
#[sqlx::test(migrations = "../migrations")]
async fn a_constraint_that_fires_is_a_conflict_with_fresh_slots(db: PgPool) {
    let services = testing::services(db);
    let (tina, theo) = (testing::tutor(&services, "Tina").await, testing::tutor(&services, "Theo").await);
    let (sam, ben) = (testing::student(&services, "Sam").await, testing::student(&services, "Ben").await);
    for (tutor, student, key) in [(&tina, &ben, "slot_taken"), (&theo, &sam, "student_overlap")] {
        on_claim(
            &services,
            &format!(
                "INSERT INTO claims SELECT gen_random_uuid(), 'booking', '{}', '{}', NEW.during, NEW.lesson,
                     NULL, NEW.created_at;",
                tutor.id, student.user
            ),
        )
        .await;
        let error =
            booking::place(&services, &sam, &request(&tina, at_hour(4)), None).await.expect_err("beaten");
        let services::AppError::Refused { refusal, details } = error else { panic!("a refusal") };
        assert_eq!((refusal.code, refusal.key.as_ref()), (Code::BookingConflict, key));
        assert_eq!(details["slots"].as_array().map(Vec::len), Some(20));
        testing::execute(&services, "DROP FUNCTION meddle CASCADE").await;
        assert_eq!(number(&services, "SELECT count(*) FROM claims").await, 0);
    }
    booked(&services, &sam, &tina, at_hour(4)).await;
    assert_invariants(&services).await;
}

/// Each row: what the database answers, how often, and whether the booking succeeds in the end.
#[sqlx::test(migrations = "../migrations")]
async fn a_transaction_is_tried_anew_when_the_database_asks_but_not_for_ever(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    for (hour, (code, times, succeeds)) in
        (2..).zip([("40P01", 1, true), ("40001", 4, true), ("40P01", 5, false), ("XX000", 1, false)])
    {
        // A sequence counts on through rollbacks.
        testing::execute(&services, "CREATE SEQUENCE tries").await;
        let body = format!(
            "IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'again' USING ERRCODE = '{code}'; END IF;"
        );
        on_claim(&services, &body).await;
        let placed = booking::place(&services, &student, &request(&tutor, at_hour(hour)), None).await;
        assert_eq!(placed.is_ok(), succeeds, "{code} {times}");
        if let Err(error) = placed {
            assert_eq!(error.code(), Code::Internal);
        }
        testing::execute(&services, "DROP FUNCTION meddle CASCADE; DROP SEQUENCE tries").await;
    }
    assert_eq!(number(&services, "SELECT count(*) FROM outbox").await, 2);
    assert_invariants(&services).await;
}

/// Every other use case that writes is tried anew as well.
#[sqlx::test(migrations = "../migrations")]
async fn changes_are_tried_anew_too(db: PgPool) {
    let services = testing::services(db);
    let (tutor, student) =
        (testing::tutor(&services, "Tina").await, testing::student(&services, "Sam").await);
    let placed = booked(&services, &student, &tutor, at_hour(4)).await;
    testing::execute(
        &services,
        "CREATE SEQUENCE tries;
         CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('tries') % 2 = 1 THEN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER meddle BEFORE INSERT ON booking_history FOR EACH ROW EXECUTE FUNCTION meddle();
         CREATE TRIGGER meddle BEFORE INSERT ON attendance FOR EACH ROW EXECUTE FUNCTION meddle()",
    )
    .await;
    booking::reschedule(&services, &student, placed.id, at_hour(6), None).await.expect("moved");
    services.clock.show(Some(at_hour(6)));
    services::lesson::join(&services, &student, placed.id).await.expect("let in");
    services.clock.show(Some(at_hour(7)));
    assert_eq!(services::sweep::run(&services).await.expect("swept").lessons_settled, 1);
    services.clock.show(Some(at_hour(0)));
    let other = booked(&services, &student, &tutor, at_hour(8)).await;
    booking::cancel(&services, &student, other.id, None).await.expect("cancelled");
    assert_eq!(refused(booking::cancel(&services, &student, other.id, None).await).0, Code::InvalidState);
    assert_eq!(number(&services, "SELECT last_value FROM tries").await, 10);
    assert_invariants(&services).await;
}
