//! Finding a tutor.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

mod people;
mod statements;

use std::collections::HashMap;

use chrono::{TimeDelta, TimeZone as _, Utc};
use domain::{
    account::Role,
    money::Currency,
    tutor::{Field, ProfileInput},
};
use people::{join, offering, profile, refusal, refused, services, set_up, start, teach, tutor};
use services::{
    Services,
    search::{self, SearchQuery, Sort},
    tutor as tutors,
};
use sqlx::PgPool;
use statements::counted;

fn query() -> SearchQuery {
    SearchQuery { page: 1, page_size: 20, ..SearchQuery::default() }
}

async fn names(services: &Services, query: &SearchQuery) -> Vec<String> {
    let page = search::search(services, query).await.expect("a page");
    page.rows.into_iter().map(|row| row.name).collect()
}

/// Four tutors, unlike in everything that is searched for.
async fn four(services: &Services) {
    let everyday = [0, 1, 2, 3, 4, 5, 6];
    for (name, field, university, bio, offerings, weekdays) in [
        (
            "Ana",
            "LAW",
            "Universidad de Salamanca",
            "Roman law and contracts",
            vec![("Law", Currency::Eur, 3000)],
            &everyday[..3],
        ),
        (
            "Ben",
            "LAW",
            "University of Oslo",
            "Contracts, torts, 100%_sure",
            vec![("Torts", Currency::Nok, 30_000), ("Talk", Currency::Eur, 2000)],
            &everyday[..],
        ),
        (
            "Chloé",
            "MEDICINE",
            "Université de Genève",
            "Anatomy by drawing",
            vec![("Anatomie", Currency::Chf, 4000)],
            &everyday[3..4],
        ),
        (
            "Dan",
            "ARTS",
            "University of Oslo",
            "Charcoal and ink",
            vec![("Drawing", Currency::Eur, 2500)],
            &[],
        ),
    ] {
        let actor = join(services, name, Role::Tutor).await;
        let bio = format!("{bio}. I have taught for years and like questions of every kind.");
        let input = ProfileInput { university: university.into(), field: field.into(), bio, ..profile() };
        let offerings =
            offerings.iter().map(|(title, currency, price)| offering(title, *currency, &[(60, *price)]));
        set_up(services, &actor, &input, offerings.collect(), weekdays).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn all_filters_hold_together(db: PgPool) {
    let services = services(db.clone());
    four(&services).await;
    for (slug, count, sum) in [("ana", 20, 87), ("ben", 1, 5), ("chloe", 2, 5)] {
        sqlx::query("UPDATE tutors SET rating_count = $2, rating_sum = $3 WHERE slug = $1")
            .bind(slug)
            .bind(count)
            .bind(sum)
            .execute(&db)
            .await
            .expect("rated");
    }
    let text = |text: &str| SearchQuery { text: Some(text.into()), ..query() };
    let by_name = |query: SearchQuery| SearchQuery { sort: Sort::Name, ..query };
    for (query, expected) in [
        (query(), "Ana Ben Chloé Dan"),
        (text("contracts"), "Ana Ben"),
        (text("CONTRACTS torts"), "Ben"),
        (text("contracts anatomy"), ""),
        (text("anatomie"), "Chloé"),
        (text("proofs fear chloé"), "Chloé"),
        (text("CHLOE universite"), "Chloé"),
        (text("数学"), ""),
        (SearchQuery { university: Some("geneve".into()), ..query() }, "Chloé"),
        (SearchQuery { university: Some("de genève".into()), ..text("anatomy") }, "Chloé"),
        (text("100%_"), "Ben"),
        (text("%"), "Ben"),
        (text("  "), "Ana Ben Chloé Dan"),
        (SearchQuery { field: Some(Field::Law), ..query() }, "Ana Ben"),
        (SearchQuery { university: Some("oslo".into()), ..query() }, "Ben Dan"),
        (SearchQuery { university: Some("OSLO".into()), field: Some(Field::Law), ..query() }, "Ben"),
        (SearchQuery { min_rating_tenths: Some(44), ..query() }, "Ana Ben"),
        (SearchQuery { min_rating_tenths: Some(45), ..query() }, "Ben"),
        (SearchQuery { min_rating_tenths: Some(25), ..query() }, "Ana Ben Chloé"),
        (SearchQuery { max_price: Some((2500, Currency::Eur)), ..query() }, "Ben Dan"),
        (SearchQuery { max_price: Some((4000, Currency::Chf)), ..query() }, "Chloé"),
        (SearchQuery { max_price: Some((1, Currency::Jpy)), ..query() }, ""),
        (SearchQuery { free_within_days: Some(7), ..query() }, "Ana Ben Chloé"),
        (SearchQuery { free_within_days: Some(1), ..query() }, "Ana Ben Chloé"),
        (SearchQuery { free_within_days: Some(1), field: Some(Field::Law), ..text("torts") }, "Ben"),
    ] {
        let label = format!("{query:?}");
        assert_eq!(names(&services, &by_name(query)).await.join(" "), expected, "{label}");
    }
    let universities = search::universities(&services).await.expect("read");
    assert_eq!(universities[0], ("University of Oslo".to_owned(), 2));
    assert_eq!(universities.len(), 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn complete_and_active_tutors_are_found_with_or_without_offerings(db: PgPool) {
    let services = services(db.clone());
    let ana = teach(&services, "Ana", &[1, 2, 3, 4, 5]).await;
    join(&services, "Incomplete", Role::Tutor).await;
    let inactive = teach(&services, "Inactive", &[1]).await;
    tutors::set_active(&services, &inactive, tutor(&inactive), false).await.expect("switched");
    let nothing = teach(&services, "Nothing", &[1]).await;
    tutors::set_offerings(&services, &nothing, tutor(&nothing), Vec::new()).await.expect("none");
    teach(&services, "Gone", &[1]).await;
    sqlx::query("UPDATE users SET deleted_at = created_at WHERE name = 'Gone'")
        .execute(&db)
        .await
        .expect("deleted");
    for sort in [Sort::Availability, Sort::Rating, Sort::Price, Sort::Name] {
        let page = search::search(&services, &SearchQuery { sort, ..query() }).await.expect("a page");
        assert_eq!((page.total, page.rows[0].id), (2, tutor(&ana)), "{sort:?}");
    }
    sqlx::query("INSERT INTO settings VALUES ('accepted_providers', '[\"external\"]')")
        .execute(&db)
        .await
        .expect("set");
    assert_eq!(search::search(&services, &query()).await.expect("a page").total, 0);
    assert_eq!(search::universities(&services).await.expect("read"), []);
}

#[sqlx::test(migrations = "../migrations")]
async fn tutors_come_in_the_order_that_was_asked_for(db: PgPool) {
    let services = services(db.clone());
    four(&services).await;
    sqlx::query("UPDATE tutors SET rating_count = 4, rating_sum = 17 WHERE slug = 'dan'")
        .execute(&db)
        .await
        .expect("rated");
    sqlx::query("UPDATE tutors SET rating_count = 8, rating_sum = 34 WHERE slug = 'ana'")
        .execute(&db)
        .await
        .expect("rated");
    for (sort, max_price, expected) in [
        (Sort::Availability, None, "Ben Ana Chloé Dan"),
        (Sort::Rating, None, "Ana Dan Ben Chloé"),
        (Sort::Name, None, "Ana Ben Chloé Dan"),
        (Sort::Price, Some((9000, Currency::Eur)), "Ben Dan Ana"),
        (Sort::Price, None, "Dan Ana Chloé Ben"),
    ] {
        let found = names(&services, &SearchQuery { sort, max_price, ..query() }).await;
        assert_eq!(found.join(" "), expected, "{sort:?} {max_price:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_row_tells_the_next_starts_and_how_many_there_are(db: PgPool) {
    let services = services(db.clone());
    let ana = teach(&services, "Ana", &[3]).await;
    let row =
        |page: services::booking::Page<search::TutorSummary>| page.rows.into_iter().next().expect("a tutor");
    // Wednesday 2026-12-02, 09:00 in Paris is 08:00 UTC.
    let first = Utc.with_ymd_and_hms(2026, 12, 2, 8, 0, 0).single().expect("an instant");
    let hours = |numbers: [i64; 3]| numbers.map(|hour| first + TimeDelta::hours(hour)).to_vec();
    let found = row(search::search(&services, &query()).await.expect("a page"));
    assert_eq!((found.next_slots, found.free_slots), (hours([0, 1, 2]), 8));
    assert_eq!(
        (found.price_from, found.time_zone.as_str()),
        (Some((3000, Currency::Eur, 60)), "Europe/Paris")
    );
    assert_eq!((found.slug.as_str(), found.excerpt, found.photo_url), ("ana", profile().bio, None));

    let sam = join(&services, "Sam", Role::Student).await;
    let range =
        sqlx::postgres::types::PgRange::from(first + TimeDelta::minutes(30)..first + TimeDelta::hours(7));
    sqlx::query("INSERT INTO claims VALUES ($1, 'booking', $2, $3, $4, $4, NULL, $5)")
        .bind(services::chance::id::<uuid::Uuid>())
        .bind(tutor(&ana).0)
        .bind(sam.user.0)
        .bind(range)
        .bind(start())
        .execute(&db)
        .await
        .expect("claimed");
    let found = row(search::search(&services, &query()).await.expect("a page"));
    assert_eq!(
        (found.next_slots, found.free_slots),
        (hours([7, 7 * 24, 7 * 24 + 1]), 1),
        "looks beyond the week"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_and_totals_are_true(db: PgPool) {
    let services = services(db);
    for number in 0..5 {
        teach(&services, &format!("Kim {number}"), &[1]).await;
    }
    let mut seen = Vec::new();
    for (page, rows) in [(1, 2), (2, 2), (3, 1), (4, 0), (1_000_000, 0)] {
        let query = SearchQuery { page, page_size: 2, ..query() };
        let found = search::search(&services, &query).await.expect("a page");
        assert_eq!((found.total, found.rows.len(), found.page, found.page_size), (5, rows, page, 2));
        seen.extend(found.rows.into_iter().map(|row| row.name));
    }
    assert_eq!(seen, ["Kim 0", "Kim 1", "Kim 2", "Kim 3", "Kim 4"]);
    for (query, field) in [
        (SearchQuery { page: 0, ..query() }, "page"),
        (SearchQuery { page: i64::MAX, ..query() }, "page"),
        (SearchQuery { page_size: 0, ..query() }, "page_size"),
        (SearchQuery { page_size: 101, ..query() }, "page_size"),
        (SearchQuery { free_within_days: Some(0), ..query() }, "available_within_days"),
        (SearchQuery { free_within_days: Some(63), ..query() }, "available_within_days"),
        (SearchQuery { text: Some("x".repeat(201)), ..query() }, "q"),
        (SearchQuery { text: Some("\0".into()), ..query() }, "q"),
        (SearchQuery { university: Some("a\0b".into()), ..query() }, "university"),
    ] {
        assert_eq!(
            refusal(search::search(&services, &query).await),
            refused("INVALID_REQUEST", field),
            "{query:?}"
        );
    }
}

/// How many statements a search sends.
async fn statements(services: &Services, query: &SearchQuery) -> usize {
    let (page, sent) = counted(search::search(services, query)).await;
    page.expect("a page");
    sent
}

/// A thousand tutors like the one that is there.
async fn multiply(db: &PgPool) {
    for statement in [
        "INSERT INTO users SELECT gen_random_uuid(), n || email, password_hash, name || ' ' || n, role, time_zone, locale,
             languages, goals, NULL, NULL, NULL, created_at, NULL FROM users, generate_series(1, 999) n",
        "INSERT INTO tutors (id, user_id, slug, time_zone, university, degree, field, current_year, bio, created_at, updated_at)
             SELECT gen_random_uuid(), u.id, 'tutor-' || u.id, t.time_zone, university, degree, field, current_year,
                 repeat(bio, 8), t.created_at, updated_at
             FROM tutors t, users u WHERE u.id <> t.user_id",
        "INSERT INTO weekly_windows SELECT t.id, weekday, start_min, end_min FROM weekly_windows w, tutors t
             WHERE t.id <> w.tutor_id",
        "INSERT INTO offerings (id, tutor_id, position, title, durations, prices, currency)
             SELECT gen_random_uuid(), t.id, position, title, durations, prices, currency FROM offerings o, tutors t
             WHERE t.id <> o.tutor_id",
        "ANALYZE",
    ] {
        sqlx::query(statement).execute(db).await.expect("multiplied");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_number_of_statements_does_not_grow_with_the_tutors(db: PgPool) {
    let services = services(db.clone());
    teach(&services, "Ana", &[1, 2, 3, 4, 5]).await;
    let kinds = [
        ("plain", query()),
        ("by name", SearchQuery { sort: Sort::Name, page_size: 100, ..query() }),
        ("filtered", SearchQuery { text: Some("algebra".into()), free_within_days: Some(62), ..query() }),
    ];
    let mut one = HashMap::new();
    for (name, query) in &kinds {
        one.insert(name, statements(&services, query).await);
    }
    multiply(&db).await;
    for (name, query) in &kinds {
        let page = search::search(&services, query).await.expect("a page");
        assert_eq!((page.total, page.rows.len()), (1000, usize::try_from(query.page_size).expect("few")));
        let many = statements(&services, query).await;
        assert!(many > 0 && many <= 14, "{name}: {many}");
        assert_eq!(Some(&many), one.get(name), "{name}");
    }
}
