//! Bad input: a row for each; all are 4xx in the envelope, nothing is a 500, nothing is stored.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Person, hours, offerings, profile, send, start};

/// `base` with one field replaced.
fn with(base: &Value, field: &str, value: Value) -> Value {
    let mut body = base.clone();
    body[field] = value;
    body
}

fn without(base: &Value, field: &str) -> Value {
    let mut body = base.clone();
    body.as_object_mut().expect("an object").remove(field);
    body
}

async fn check(person: &Person<'_>, method: &str, path: &str, rows: Vec<(Value, &str, Option<&str>)>) {
    for (body, code, field) in rows {
        let answer = person.call(method, path, body.clone()).await;
        let error = answer.error();
        assert!(answer.status.is_client_error(), "{body}: {answer:?}");
        assert_eq!(
            (error["code"].as_str(), error["details"]["field"].as_str()),
            (Some(code), field),
            "{method} {path} {body}: {error}"
        );
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn registrations(pool: PgPool) {
    let site = start(&pool).await;
    let person = site.person("Ada Lovelace", "student").await;
    let good = json!({ "email": "new@example.org", "password": "long enough", "name": "New", "role": "student", "time_zone": "UTC" });
    let invalid = "INVALID_REQUEST";
    check(
        &person,
        "POST",
        "/api/v2/auth/register",
        vec![
            (without(&good, "email"), invalid, Some("email")),
            (with(&good, "email", json!("nobody")), invalid, Some("email")),
            (with(&good, "email", json!(7)), invalid, Some("email")),
            (with(&good, "email", json!("a\u{0}@example.org")), invalid, Some("email")),
            (with(&good, "email", person.me["email"].clone()), invalid, Some("email")),
            (with(&good, "password", json!("short")), invalid, Some("password")),
            (with(&good, "password", json!("x".repeat(129))), invalid, Some("password")),
            (with(&good, "name", json!(" ")), invalid, Some("name")),
            (with(&good, "name", json!("x".repeat(101))), invalid, Some("name")),
            (with(&good, "role", json!("admin")), invalid, Some("role")),
            (with(&good, "role", Value::Null), invalid, Some("role")),
            (with(&good, "time_zone", json!("Mars/Olympus")), invalid, Some("time_zone")),
            (with(&good, "locale", json!("xx")), invalid, Some("locale")),
            (with(&good, "marketing_opt_in", json!("yes")), invalid, Some("marketing_opt_in")),
            (json!([]), invalid, None),
            (json!("text"), invalid, None),
            (Value::Null, invalid, None),
        ],
    )
    .await;
    check(
        &person,
        "PATCH",
        "/api/v2/me",
        vec![
            (json!({ "name": "" }), invalid, Some("name")),
            (json!({ "time_zone": "" }), invalid, Some("time_zone")),
            (json!({ "languages": "fr" }), invalid, Some("languages")),
            (json!({ "languages": ["x".repeat(51)] }), invalid, Some("languages")),
            (json!({ "goals": (0..21).map(|n| n.to_string()).collect::<Vec<_>>() }), invalid, Some("goals")),
            (json!({ "languages": ["a\u{0}"] }), invalid, Some("languages[0]")),
        ],
    )
    .await;
    assert_eq!(person.get("/api/v2/me").await.data(), person.me);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutors_own_data(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let base = tutor.tutor_path();
    let before = site.get(&base).await.data();
    let (good, bad) = (profile(), "INVALID_PROFILE_DATA");
    check(
        &tutor,
        "PUT",
        &format!("{base}/profile"),
        vec![
            (without(&good, "university"), bad, Some("university")),
            (with(&good, "degree", json!("x".repeat(151))), bad, Some("degree")),
            (with(&good, "field", json!("ALCHEMY")), bad, Some("field")),
            (with(&good, "current_year", json!(0)), bad, Some("current_year")),
            (with(&good, "current_year", json!(11)), bad, Some("current_year")),
            (with(&good, "current_year", json!("3")), bad, Some("current_year")),
            (with(&good, "current_year", json!(1e30)), bad, Some("current_year")),
            (with(&good, "bio", json!("é".repeat(49))), bad, Some("bio")),
            (with(&good, "bio", json!("é".repeat(1001))), bad, Some("bio")),
            (with(&good, "bio", json!(format!("{}\u{0}", "x".repeat(60)))), bad, Some("bio")),
            (with(&good, "linkedin", json!("http://linkedin.com/in/x")), bad, Some("linkedin")),
            (with(&good, "languages", json!({})), bad, Some("languages")),
        ],
    )
    .await;
    let (week, invalid) = (hours(), "INVALID_REQUEST");
    let window = |weekday: i64, start: &str, end: &str| {
        with(&week, "weekly", json!([{ "weekday": weekday, "start": start, "end": end }]))
    };
    let day = |date: &str| with(&week, "overrides", json!([{ "date": date, "windows": [] }]));
    check(
        &tutor,
        "PUT",
        &format!("{base}/availability"),
        vec![
            (without(&week, "weekly"), invalid, Some("weekly")),
            (with(&week, "time_zone", json!("CEST")), invalid, Some("time_zone")),
            (window(7, "09:00", "10:00"), invalid, Some("weekly[0].weekday")),
            (window(-1, "09:00", "10:00"), invalid, Some("weekly[0].weekday")),
            (window(1, "24:00", "10:00"), invalid, Some("weekly[0].start")),
            (window(1, "9:00", "10:00"), invalid, Some("weekly[0].start")),
            (window(1, "09:00", "24:01"), invalid, Some("weekly[0].end")),
            (window(1, "09:00", "10:60"), invalid, Some("weekly[0].end")),
            (day("2027-02-30"), invalid, Some("overrides[0].date")),
            (day("27-2-3"), invalid, Some("overrides[0].date")),
            (day("+12027-02-03"), invalid, Some("overrides[0].date")),
            (day("9999-12-31"), invalid, Some("overrides")),
            (
                with(
                    &week,
                    "overrides",
                    json!([{ "date": "2027-03-03", "windows": [] }, { "date": "2027-03-03", "windows": [] }]),
                ),
                invalid,
                Some("overrides"),
            ),
            (
                with(&week, "overrides", json!([{ "date": "2027-03-03" }])),
                invalid,
                Some("overrides[0].windows"),
            ),
        ],
    )
    .await;
    let good = offerings()[0].clone();
    let one = |field: &str, value: Value| json!([with(&good, field, value)]);
    check(
        &tutor,
        "PUT",
        &format!("{base}/offerings"),
        vec![
            (json!({}), invalid, None),
            (one("title", json!("")), invalid, Some("[0].title")),
            (one("durations", json!([])), invalid, Some("[0].prices")),
            (one("durations", json!([60, 60])), "INVALID_DURATION", Some("[0].durations")),
            (one("durations", json!([60, 90])), invalid, Some("[0].prices")),
            (one("prices", json!({ "60": -1 })), invalid, Some("[0].prices")),
            (one("prices", json!({ "60": 100_000_000 })), invalid, Some("[0].prices")),
            (one("prices", json!({ "60": 25.5 })), invalid, Some("[0].prices.60")),
            (one("prices", json!({ "60": 1, "61": 1 })), invalid, Some("[0].prices")),
            (one("prices", json!({ "60": 9_223_372_036_854_775_807_i64 })), invalid, Some("[0].prices")),
            (one("currency", json!("XXX")), invalid, Some("[0].currency")),
            (one("currency", json!("eur")), invalid, Some("[0].currency")),
            (one("step", json!(7)), invalid, Some("[0].step")),
            (one("step", json!(-5)), invalid, Some("[0].step")),
            (one("buffer_before", json!(99_999)), invalid, Some("[0].buffer_before")),
            (one("id", json!("nonsense")), "NOT_FOUND", Some("[0].id")),
            (json!(vec![good.clone(); 51]), invalid, Some("offerings")),
        ],
    )
    .await;
    check(
        &tutor,
        "PATCH",
        &format!("{base}/status"),
        vec![
            (json!({}), invalid, Some("is_active")),
            (json!({ "is_active": "true" }), invalid, Some("is_active")),
        ],
    )
    .await;
    assert_eq!(site.get(&base).await.data(), before);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn bookings(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let good = json!({ "tutor_id": tutor.tutor_id(), "start": "2027-03-01T12:00:00Z", "duration": 60 });
    let (invalid, nothing) = ("INVALID_REQUEST", "00000000-0000-4000-8000-000000000000");
    let shared = vec![
        (without(&good, "tutor_id"), invalid, Some("tutor_id")),
        (with(&good, "tutor_id", json!("nobody")), "PROFILE_NOT_FOUND", Some("tutor_id")),
        (with(&good, "offering_id", json!("none")), "NOT_FOUND", Some("offering_id")),
        (with(&good, "offering_id", json!(nothing)), "NOT_FOUND", Some("offering_id")),
        (without(&good, "start"), invalid, Some("start")),
        (with(&good, "start", json!("2027-03-01")), invalid, Some("start")),
        (with(&good, "start", json!("2027-03-01T12:00:00")), invalid, Some("start")),
        (with(&good, "start", json!(1_803_902_400)), invalid, Some("start")),
        (with(&good, "start", json!("0001-01-01T00:00:00Z")), "MINIMUM_NOTICE_REQUIRED", Some("start")),
        (with(&good, "start", json!("2027-03-01T09:00:00Z")), "MINIMUM_NOTICE_REQUIRED", Some("start")),
        (with(&good, "start", json!("2027-04-01T12:00:00Z")), "OUTSIDE_HORIZON", Some("start")),
        (with(&good, "start", json!("9999-12-31T23:59:59Z")), "OUTSIDE_HORIZON", Some("start")),
        (with(&good, "duration", json!(0)), "INVALID_DURATION", Some("duration")),
        (with(&good, "duration", json!(-60)), "INVALID_DURATION", Some("duration")),
        (with(&good, "duration", json!(61)), "INVALID_DURATION", Some("duration")),
        (with(&good, "duration", json!(60.5)), "INVALID_DURATION", Some("duration")),
        (with(&good, "duration", json!(9_223_372_036_854_775_807_i64)), "INVALID_DURATION", Some("duration")),
        (
            with(&good, "duration", json!(18_446_744_073_709_551_615_u64)),
            "INVALID_DURATION",
            Some("duration"),
        ),
        (with(&good, "start", json!("2027-03-01T12:00:00.000001Z")), "BOOKING_CONFLICT", Some("start")),
        (with(&good, "start", json!("2027-03-01T18:00:00Z")), "BOOKING_CONFLICT", Some("start")),
    ];
    check(&student, "POST", "/api/v2/holds", shared.clone()).await;
    check(&student, "POST", "/api/v2/bookings", shared).await;
    check(
        &student,
        "POST",
        "/api/v2/bookings",
        vec![
            (with(&good, "hold_id", json!("none")), "NOT_FOUND", Some("hold_id")),
            (with(&good, "note", json!("x".repeat(1001))), invalid, Some("note")),
            (with(&good, "note", json!("\u{0}")), invalid, Some("note")),
            (with(&good, "payment_method", json!("x".repeat(256))), invalid, Some("payment_method")),
            (
                with(&good, "guest", json!({ "name": "G", "email": "g@example.org" })),
                "INVALID_TOKEN",
                Some("guest"),
            ),
        ],
    )
    .await;
    let unknown = student.call("POST", "/api/v2/bookings", with(&good, "tutor_id", json!(nothing))).await;
    unknown.refused(404, "PROFILE_NOT_FOUND");
    assert_eq!(student.get("/api/v2/bookings").await.json()["pagination"]["total"], 0);

    let booking = student.call("POST", "/api/v2/bookings", good).await.data();
    let path = format!("/api/v2/bookings/{}", booking["id"].as_str().expect("an id"));
    check(
        &student,
        "PATCH",
        &format!("{path}/reschedule"),
        vec![
            (json!({}), invalid, Some("start")),
            (json!({ "start": "soon" }), invalid, Some("start")),
            (
                json!({ "start": "2027-03-02T12:00:00Z", "duration": 45 }),
                "INVALID_DURATION",
                Some("duration"),
            ),
            (json!({ "start": "2027-03-02T20:00:00Z" }), "BOOKING_CONFLICT", Some("start")),
        ],
    )
    .await;
    check(
        &student,
        "DELETE",
        &path,
        vec![
            (json!({ "reason": "x".repeat(501) }), invalid, Some("reason")),
            (json!({ "reason": 5 }), invalid, Some("reason")),
            (json!({ "reason": "a\u{0}b" }), invalid, Some("reason")),
        ],
    )
    .await;
    check(
        &student,
        "POST",
        &format!("{path}/rating"),
        vec![
            (json!({}), invalid, Some("rating")),
            (json!({ "rating": 0 }), "INVALID_RATING", Some("rating")),
            (json!({ "rating": 6 }), "INVALID_RATING", Some("rating")),
            (json!({ "rating": "5" }), "INVALID_RATING", Some("rating")),
            (json!({ "rating": 5, "feedback": "x".repeat(501) }), invalid, Some("feedback")),
        ],
    )
    .await;
    for id in ["x", nothing, "%00", "%ff", "..%2f..", &"9".repeat(300)] {
        for (method, part) in
            [("GET", ""), ("DELETE", ""), ("POST", "/confirm"), ("POST", "/complete"), ("POST", "/join")]
        {
            let answer = student.bare(method, &format!("/api/v2/bookings/{id}{part}")).await;
            answer.error();
            assert_eq!(answer.status, 404, "{method} {id}{part}: {answer:?}");
        }
    }
    assert_eq!(student.get(&path).await.data(), booking);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn queries(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.tutor("Tia Tutor").await;
    let slots = format!("{}/availability", tutor.tutor_path());
    let range = "from=2027-03-01T00:00:00Z&to=2027-03-08T00:00:00Z";
    for (path, field) in [
        ("/api/v2/tutors?page=0".to_owned(), "page"),
        ("/api/v2/tutors?page=x".to_owned(), "page"),
        ("/api/v2/tutors?page=9223372036854775807".to_owned(), "page"),
        ("/api/v2/tutors?page=99999999999999999999".to_owned(), "page"),
        ("/api/v2/tutors?page_size=101".to_owned(), "page_size"),
        ("/api/v2/tutors?page_size=-1".to_owned(), "page_size"),
        ("/api/v2/tutors?field=law".to_owned(), "field"),
        ("/api/v2/tutors?min_rating=6".to_owned(), "min_rating"),
        ("/api/v2/tutors?min_rating=NaN".to_owned(), "min_rating"),
        ("/api/v2/tutors?available_within_days=0".to_owned(), "available_within_days"),
        ("/api/v2/tutors?available_within_days=63".to_owned(), "available_within_days"),
        ("/api/v2/tutors?sort=luck".to_owned(), "sort"),
        (format!("/api/v2/tutors?q={}", "x".repeat(201)), "q"),
        ("/api/v2/tutors?q=a%00b".to_owned(), "q"),
        ("/api/v2/tutors?max_price=100".to_owned(), "currency"),
        (slots.clone(), "from"),
        (format!("{slots}?from=2027-03-01T00:00:00Z"), "to"),
        (format!("{slots}?from=yesterday&to=2027-03-08T00:00:00Z"), "from"),
        (format!("{slots}?from=2027-03-08T00:00:00Z&to=2027-03-08T00:00:00Z"), "to"),
        (format!("{slots}?from=2027-03-08T00:00:00Z&to=2027-05-09T00:00:01Z"), "to"),
        (format!("{slots}?from=1000-01-01T00:00:00Z&to=1000-01-02T00:00:00Z"), "from"),
        (format!("{slots}?{range}&tz=Nowhere"), "tz"),
        (format!("{slots}?{range}&duration=sixty"), "duration"),
        (format!("{}/ratings?page=-3", tutor.tutor_path()), "page"),
    ] {
        let error = site.get(&path).await.refused(400, "INVALID_REQUEST");
        assert_eq!(error["details"]["field"], field, "{path}: {error}");
    }
    site.get(&format!("{slots}?{range}&duration=61")).await.refused(400, "INVALID_DURATION");
    site.get(&format!("{slots}?{range}&offering=none")).await.refused(404, "NOT_FOUND");
    for part in ["", "/stats", "/ratings", &format!("/availability?{range}")] {
        site.get(&format!("/api/v2/tutors/nobody{part}")).await.refused(404, "PROFILE_NOT_FOUND");
    }
    // 62 days are allowed, and so is an offset whose plus was not encoded.
    let longest = format!("{slots}?from=2027-03-01T00:00:00+00:00&to=2027-05-02T00:00:00Z");
    assert_eq!(site.get(&longest).await.status, 200);
    tutor.get("/api/v2/bookings?status=lost").await.refused(400, "INVALID_REQUEST");
    tutor.get("/api/v2/bookings?upcoming=perhaps").await.refused(400, "INVALID_REQUEST");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn bodies_and_addresses(pool: PgPool) {
    let site = start(&pool).await;
    let post = |kind: Option<&'static str>, body: Vec<u8>| {
        let request = site.request("POST", "/api/v2/auth/token").body(body);
        send(match kind {
            Some(kind) => request.header("Content-Type", kind),
            None => request,
        })
    };
    let json = Some("application/json");
    for body in [
        &b""[..],
        b"{",
        b"{\"email\":}",
        b"\xff\xfe",
        b"{\"email\":\"\\ud800\"}",
        "[".repeat(5000).as_bytes(),
    ] {
        post(json, body.to_vec()).await.refused(400, "INVALID_REQUEST");
    }
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        post(kind, b"{}".to_vec()).await.refused(400, "INVALID_REQUEST");
    }
    post(json, vec![b' '; 256 * 1024 + 1]).await.refused(413, "PAYLOAD_TOO_LARGE");
    let chunks = futures::stream::iter((0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])));
    let request = site.request("POST", "/api/v2/auth/token").header("Content-Type", "application/json");
    send(request.body(reqwest::Body::wrap_stream(chunks))).await.refused(413, "PAYLOAD_TOO_LARGE");

    let form =
        site.request("POST", "/do/sign_in").header("Content-Type", "application/x-www-form-urlencoded");
    send(form.body(vec![b'x'; 11 * 1024 * 1024 + 1])).await.refused(413, "PAYLOAD_TOO_LARGE");

    for path in [
        "/api",
        "/api/",
        "/api/v2",
        "/api/v3/tutors",
        "/api/v2/tutors/",
        "/api/v2/webhooks",
        "/api/chat",
        "/api/v2/platform/stats",
        "/api/%ff",
    ] {
        site.get(path).await.refused(404, "NOT_FOUND");
    }
    for (method, path) in [
        ("POST", "/api/v2/tutors"),
        ("DELETE", "/api/v2/me"),
        ("PUT", "/api/v2/bookings"),
        ("GET", "/api/v2/holds"),
        ("PATCH", "/api/v2/openapi.json"),
    ] {
        let answer = send(site.request(method, path)).await;
        let error = answer.error();
        assert_eq!(
            (answer.status.as_u16(), &error["code"]),
            (405, &serde_json::json!("INVALID_REQUEST")),
            "{method} {path}"
        );
        assert!(answer.header("allow").is_some(), "{answer:?}");
    }
    let french = send(site.request("GET", "/api/v2/me").header("Accept-Language", "fr-CA, en;q=0.5")).await;
    assert_ne!(french.error()["message"], site.get("/api/v2/me").await.error()["message"]);
    site.stop().await;
}
