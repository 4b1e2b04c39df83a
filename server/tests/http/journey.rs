//! One booking from the tutor's registration to its end, by the API alone.

use crate::support::{Person, Site, hours, profile, start};
use serde_json::{Value, json};
use sqlx::PgPool;

/// Hides what differs from run to run: ids and the tokens of links.
fn scrubbed(value: &Value) -> Value {
    match value {
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok() => json!("[id]"),
        Value::String(text) if text.contains("/join/") => json!("[public url]/join/[token]"),
        Value::Array(items) => items.iter().map(scrubbed).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), scrubbed(field))).collect(),
        other => other.clone(),
    }
}

async fn slots(site: &Site, tutor: &Person<'_>, query: &str) -> Vec<Value> {
    let path = format!("{}/availability?{query}", tutor.tutor_path());
    site.get(&path).await.data()["slots"].as_array().expect("slots").clone()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tutor_sets_up_and_a_student_books_moves_and_cancels(pool: PgPool) {
    let site = start(&pool).await;
    let tutor = site.person("Tia Tutor", "tutor").await;
    let base = tutor.tutor_path();

    // Not complete yet: nobody else may see it, and nobody can find it.
    site.get(&base).await.refused(404, "PROFILE_NOT_FOUND");
    assert_eq!(tutor.get(&base).await.data()["is_complete"], false);
    assert_eq!(tutor.call("PUT", &format!("{base}/profile"), profile()).await.data()["is_complete"], true);

    let mut week = hours();
    week["overrides"] = json!([
        { "date": "2027-03-03", "windows": [], "reason": "Exam" },
        { "date": "2027-03-04", "windows": [{ "start": "22:00", "end": "24:00" }] },
    ]);
    let kept = tutor.call("PUT", &format!("{base}/availability"), week.clone()).await.data();
    assert_eq!(kept, week);

    let offerings = json!([
        { "title": "Long", "durations": [60, 90], "prices": { "60": 2500, "90": 3600 }, "currency": "EUR" },
        { "title": "Brief", "durations": [15], "prices": { "15": 0 }, "currency": "JPY", "fixed": true,
          "step": 30, "buffer_before": 5, "buffer_after": 10 },
    ]);
    let made = tutor.call("PUT", &format!("{base}/offerings"), offerings).await.data();
    assert_eq!((&made[0]["title"], &made[1]["title"]), (&json!("Long"), &json!("Brief")));
    assert_eq!((&made[0]["prices"]["90"], &made[1]["step"]), (&json!(3600), &json!(30)));
    let swapped = json!([made[1], made[0]]);
    assert_eq!(tutor.call("PUT", &format!("{base}/offerings"), swapped.clone()).await.data(), swapped);
    tutor.call("PUT", &format!("{base}/offerings"), made.clone()).await.data();

    let found = site.get("/api/v2/tutors?field=LAW&q=contract").await.json();
    assert_eq!(
        (&found["pagination"]["total"], &found["data"][0]["id"]),
        (&json!(1), &json!(tutor.tutor_id()))
    );
    let page =
        site.get(&format!("/api/v2/tutors/{}", found["data"][0]["slug"].as_str().expect("a slug"))).await;
    insta::assert_json_snapshot!("tutor", scrubbed(&page.data()));

    // The grid: from 10:00 on (two hours' notice, exactly allowed), none on the day off, late on the 4th.
    let day = "from=2027-03-01T00:00:00Z&to=2027-03-02T00:00:00Z&duration=60";
    let free = slots(&site, &tutor, &format!("{day}&tz=America/New_York")).await;
    assert_eq!(free.len(), 7, "{free:?}");
    assert_eq!(
        free[0],
        json!({
            "start": "2027-03-01T10:00:00Z", "end": "2027-03-01T11:00:00Z", "local": "2027-03-01T05:00:00-05:00",
        })
    );
    let off = "from=2027-03-03T00:00:00Z&to=2027-03-05T00:00:00Z&duration=60";
    let starts: Vec<_> = slots(&site, &tutor, off).await.iter().map(|slot| slot["start"].clone()).collect();
    assert_eq!(starts, [json!("2027-03-04T22:00:00Z"), json!("2027-03-04T23:00:00Z")]);

    let student = site.person("Sam Student", "student").await;
    let slot = json!({ "tutor_id": tutor.tutor_id(), "start": "2027-03-01T14:00:00Z", "duration": 60 });
    let hold = student.call("POST", "/api/v2/holds", slot.clone()).await;
    assert_eq!(hold.status, 201, "{hold:?}");
    assert_eq!(hold.data()["expires_at"], "2027-03-01T08:10:00Z");
    assert_eq!(slots(&site, &tutor, day).await.len(), 6);

    let mut body = slot.clone();
    body["hold_id"] = hold.data()["id"].clone();
    body["note"] = json!("Chapter three, please.");
    body["payment_method"] = json!("pm_card");
    let placed = student.call("POST", "/api/v2/bookings", body).await;
    assert_eq!(placed.status, 201, "{placed:?}");
    let booking = placed.data();
    insta::assert_json_snapshot!("booking", scrubbed(&booking));
    let path = format!("/api/v2/bookings/{}", booking["id"].as_str().expect("an id"));
    assert_eq!(tutor.get(&path).await.data(), booking);

    // Taken: the answer says what is free now.
    let other = site.person("Olga Other", "student").await;
    let refused = other.call("POST", "/api/v2/bookings", slot).await.refused(409, "BOOKING_CONFLICT");
    let fresh = refused["details"]["slots"].as_array().expect("fresh slots");
    assert!(
        !fresh.is_empty() && fresh.iter().all(|slot| slot["start"] != "2027-03-01T14:00:00Z"),
        "{refused}"
    );
    other.get(&path).await.refused(404, "BOOKING_NOT_FOUND");

    // A reschedule: same booking, new link, the old one is gone.
    let old = booking["meeting_url"].as_str().expect("a link").replace(&site.base, "");
    let link = site.get(&old).await;
    assert_eq!(
        (link.status.as_u16(), link.header("location")),
        (303, Some(&*format!("/lessons/{}", booking["id"].as_str().expect("an id"))))
    );
    let moved = json!({ "start": "2027-03-02T09:00:00Z", "duration": 90 });
    let moved = student.call("PATCH", &format!("{path}/reschedule"), moved).await.data();
    assert_eq!(
        (&moved["id"], &moved["price"], &moved["end"]),
        (&booking["id"], &json!(3600), &json!("2027-03-02T10:30:00Z"))
    );
    assert_ne!(moved["meeting_url"], booking["meeting_url"]);
    site.get(&old).await.refused(410, "LINK_EXPIRED");
    site.get("/join/nonsense").await.refused(404, "NOT_FOUND");

    let closed = student.bare("POST", &format!("{path}/join")).await.refused(403, "JOIN_CLOSED");
    assert_eq!(closed["details"]["opens_at"], "2027-03-02T08:55:00Z");

    let cancelled = student.call("DELETE", &path, json!({ "reason": "I am ill" })).await.data();
    assert_eq!((&cancelled["status"], &cancelled["reason"]), (&json!("cancelled"), &json!("I am ill")));
    student.bare("DELETE", &path).await.refused(409, "INVALID_STATE");
    assert_eq!(slots(&site, &tutor, day).await.len(), 7);
    let listed = tutor.get("/api/v2/bookings?status=cancelled,declined").await.json();
    assert_eq!(listed["pagination"], json!({ "page": 1, "page_size": 20, "total": 1 }));
    assert_eq!(student.get("/api/v2/bookings?status=confirmed").await.json()["data"], json!([]));
    violations(&site).await;
    site.stop().await;
}

async fn violations(site: &Site) {
    let counted = site.get("/status/invariants").await.json();
    let counted = counted.as_object().expect("an object").clone();
    assert!(counted.len() > 3 && counted.values().all(|count| count == 0), "{counted:?}");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lesson_is_joined_taught_and_rated(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let booking = student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let path = format!("/api/v2/bookings/{}", booking["id"].as_str().expect("an id"));
    let rating = json!({ "rating": 4, "feedback": "Patient and clear." });
    student
        .call("POST", &format!("{path}/rating"), rating.clone())
        .await
        .refused(409, "SESSION_NOT_COMPLETED");
    student
        .call("POST", &format!("{path}/rating"), json!({ "rating": 4.5 }))
        .await
        .refused(400, "INVALID_RATING");
    tutor.bare("POST", &format!("{path}/complete")).await.refused(409, "INVALID_STATE");
    tutor.bare("POST", &format!("{path}/confirm")).await.refused(409, "INVALID_STATE");

    site.set_clock("2027-03-01T11:55:00Z").await;
    let (tutor, student) = (tutor.again().await, student.again().await);
    assert_eq!(student.get(&path).await.data()["lesson"]["state"], "JOIN_OPEN");
    for person in [&student, &tutor] {
        let url = person.bare("POST", &format!("{path}/join")).await.data()["url"].clone();
        assert!(url.as_str().is_some_and(|url| url.starts_with("https://meet.jit.si/")), "{url}");
    }
    student.bare("POST", &format!("{path}/complete")).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    site.set_clock("2027-03-01T13:00:00Z").await;
    let (tutor, student) = (tutor.again().await, student.again().await);
    assert_eq!(tutor.bare("POST", &format!("{path}/complete")).await.data()["status"], "completed");

    let rated = student.call("POST", &format!("{path}/rating"), rating.clone()).await;
    assert_eq!((rated.status.as_u16(), &rated.data()["rating"]), (201, &json!(4)));
    student.call("POST", &format!("{path}/rating"), rating).await.refused(409, "RATING_ALREADY_EXISTS");
    let ratings = site.get(&format!("{}/ratings", tutor.tutor_path())).await.json();
    insta::assert_json_snapshot!("ratings", scrubbed(&ratings));
    let stats = site.get(&format!("{}/stats", tutor.tutor_path())).await.data();
    insta::assert_json_snapshot!("stats", scrubbed(&stats));
    violations(&site).await;
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_same_key_gives_the_same_booking(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let body = |hour: &str| json!({ "tutor_id": tutor.tutor_id(), "start": format!("2027-03-01T{hour}:00:00Z"), "duration": 60 });
    let place = |hour: &'static str, key: &'static str| {
        let request = student.request("POST", "/api/v2/bookings").header("Idempotency-Key", key);
        crate::support::send(request.json(&body(hour)))
    };
    let first = place("12", "a").await;
    let again = place("12", "a").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.data()["id"], again.data()["id"]);
    place("13", "a").await.refused(409, "IDEMPOTENCY_MISMATCH");
    place("12", "b").await.refused(409, "BOOKING_CONFLICT");
    let long = "k".repeat(256);
    let request = student.request("POST", "/api/v2/bookings").header("Idempotency-Key", long);
    crate::support::send(request.json(&body("14"))).await.refused(400, "INVALID_REQUEST");
    // A day later the key is free again.
    site.set_clock("2027-03-02T08:00:01Z").await;
    let token = site.call("POST", "/api/v2/auth/refresh", json!({ "refresh_token": student.refresh })).await;
    let token = token.data()["access_token"].as_str().expect("a token").to_owned();
    let later = json!({ "tutor_id": tutor.tutor_id(), "start": "2027-03-02T13:00:00Z", "duration": 60 });
    let request = site.request("POST", "/api/v2/bookings").bearer_auth(token).header("Idempotency-Key", "a");
    let fresh = crate::support::send(request.json(&later)).await;
    assert_ne!(fresh.data()["id"], first.data()["id"]);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_mentoring_names_lead_to_the_same(pool: PgPool) {
    let site = start(&pool).await;
    let mentor = site.person("Mia Mentor", "tutor").await;
    let base = format!("/api/v2/students/{}", mentor.tutor_id());
    let created = mentor.call("POST", &format!("{base}/profile"), profile()).await;
    assert_eq!(created.status, 201, "{created:?}");
    mentor.call("PUT", &format!("{base}/profile"), profile()).await.data();
    mentor.call("PUT", &format!("{base}/availability"), hours()).await.data();
    let preset = &created.data()["offerings"][0];
    assert_eq!(
        (&preset["durations"], &preset["fixed"], &preset["prices"]),
        (&json!([15]), &json!(true), &json!({ "15": 0 }))
    );
    let again = mentor.call("POST", &format!("{base}/profile"), profile()).await.data();
    assert_eq!(again["offerings"].as_array().map(Vec::len), Some(1), "the preset is given once");
    for part in ["", "/stats", "/ratings"] {
        let one = site.get(&format!("{base}{part}")).await;
        let two = site.get(&format!("{}{part}", mentor.tutor_path())).await;
        assert_eq!(one.json(), two.json(), "{part}");
    }
    let query = "from=2027-03-01T00:00:00Z&to=2027-03-02T00:00:00Z";
    assert_eq!(site.get(&format!("{base}/availability?{query}")).await.status, 200);
    assert_eq!(site.get("/api/v2/students/by-field/LAW").await.json()["data"][0]["id"], mentor.tutor_id());
    assert_eq!(site.get("/api/v2/students/by-field/ARTS").await.json()["data"], json!([]));
    site.get("/api/v2/students/by-field/astrology").await.refused(400, "INVALID_REQUEST");
    let off = mentor.call("PATCH", &format!("{base}/status"), json!({ "is_active": false })).await.data();
    assert_eq!((&off["is_active"], &off["is_bookable"]), (&json!(false), &json!(false)));
    assert_eq!(site.get("/api/v2/students/by-field/LAW").await.json()["data"], json!([]));
    site.stop().await;
}
