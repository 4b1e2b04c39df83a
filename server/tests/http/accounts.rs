//! Registration, tokens, credentials.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{PASSWORD, send, start};

#[sqlx::test(migrations = "../migrations")]
async fn tokens_rotate_and_a_reuse_revokes_the_family(pool: PgPool) {
    let site = start(&pool).await;
    let ada = site.person("Ada Lovelace", "student").await;
    assert!(ada.me.get("tutor_id").is_none() && ada.me["role"] == "student", "{}", ada.me);
    assert_eq!(ada.get("/api/v2/me").await.data(), ada.me);
    let refresh =
        |token: String| site.call("POST", "/api/v2/auth/refresh", json!({ "refresh_token": token }));
    let second = refresh(ada.refresh.clone()).await.data();
    assert_eq!(second["expires_in"], 900);
    refresh(ada.refresh.clone()).await.refused(401, "INVALID_TOKEN");
    let stolen = second["refresh_token"].as_str().expect("a token").to_owned();
    refresh(stolen).await.refused(401, "INVALID_TOKEN");
    site.call("POST", "/api/v2/auth/revoke", json!({ "refresh_token": "unknown" })).await;
    let fresh = json!({ "email": ada.me["email"], "password": PASSWORD });
    let fresh = site.call("POST", "/api/v2/auth/token", fresh).await.data()["refresh_token"].clone();
    let revoked = site.call("POST", "/api/v2/auth/revoke", json!({ "refresh_token": fresh })).await;
    assert_eq!((revoked.status.as_u16(), &*revoked.text), (204, ""));
    refresh(fresh.as_str().expect("a token").to_owned()).await.refused(401, "INVALID_TOKEN");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_credential_that_does_not_hold_is_refused_everywhere(pool: PgPool) {
    let site = start(&pool).await;
    let ada = site.person("Ada Lovelace", "student").await;
    for credential in
        ["Bearer nonsense", "Bearer ", "Basic YTpi", "nonsense", &format!("Bearer {}x", ada.token)]
    {
        for path in ["/api/v2/me", "/api/v2/tutors", "/api/v2/nothing"] {
            let answer = send(site.request("GET", path).header("Authorization", credential)).await;
            answer.refused(401, "INVALID_TOKEN");
            assert!(answer.header("www-authenticate").is_some_and(|text| text.starts_with("Bearer")));
        }
    }
    for (method, path) in [
        ("GET", "/api/v2/me"),
        ("PATCH", "/api/v2/me"),
        ("GET", "/api/v2/bookings"),
        ("POST", "/api/v2/bookings"),
        ("POST", "/api/v2/holds"),
        ("GET", "/api/events"),
        ("PUT", "/api/v2/tutors/x/profile"),
    ] {
        site.call(method, path, json!({ "guest": { "name": "G", "email": "g@example.org" } }))
            .await
            .refused(401, "INVALID_TOKEN");
    }
    let wrong = json!({ "email": ada.me["email"], "password": "wrong horse" });
    site.call("POST", "/api/v2/auth/token", wrong).await.refused(401, "INVALID_TOKEN");
    // Fifteen minutes later the token has run out.
    site.set_clock("2027-03-01T08:15:01Z").await;
    ada.get("/api/v2/me").await.refused(401, "TOKEN_EXPIRED");
    ada.get("/api/v2/tutors").await.refused(401, "TOKEN_EXPIRED");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cookie_signs_in_but_changes_things_only_from_our_own_pages(pool: PgPool) {
    let site = start(&pool).await;
    let ada = site.person("Ada Lovelace", "student").await;
    let email = ada.me["email"].as_str().expect("an address");
    let token =
        services::account::sign_in(&site.services, email, PASSWORD, services::account::Browser::default())
            .await
            .expect("a sign-in")
            .token;
    let with_cookie = |method: &str| {
        site.request(method, "/api/v2/me").header("Cookie", format!("{}={token}", server::auth::COOKIE))
    };
    assert_eq!(send(with_cookie("GET")).await.data(), ada.me);
    let change = |origin: &str| {
        let request = with_cookie("PATCH").header("Origin", origin);
        send(request.json(&json!({ "name": "Ada King", "locale": "fr" })))
    };
    change("https://evil.test").await.refused(403, "INSUFFICIENT_PERMISSIONS");
    let changed = change(&site.base).await.data();
    assert_eq!((&changed["name"], &changed["locale"]), (&json!("Ada King"), &json!("fr")));
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_of_others_is_refused(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, other) = (site.tutor("Tia Tutor").await, site.tutor("Otto Other").await);
    let student = site.person("Sam Student", "student").await;
    let base = tutor.tutor_path();
    for (method, part, body) in [
        ("PUT", "profile", crate::support::profile()),
        ("PUT", "availability", crate::support::hours()),
        ("PUT", "offerings", crate::support::offerings()),
        ("PATCH", "status", json!({ "is_active": false })),
    ] {
        for person in [&other, &student] {
            person
                .call(method, &format!("{base}/{part}"), body.clone())
                .await
                .refused(403, "INSUFFICIENT_PERMISSIONS");
        }
    }
    // Another tutor's offering cannot be taken over.
    let foreign = site.get(&base).await.data()["offerings"].clone();
    other.call("PUT", &format!("{}/offerings", other.tutor_path()), foreign).await.refused(404, "NOT_FOUND");
    tutor.book(&other, "2027-03-01T12:00:00Z").await.refused(403, "INSUFFICIENT_PERMISSIONS");
    let booking = student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let path = format!("/api/v2/bookings/{}", booking["id"].as_str().expect("an id"));
    for (method, part) in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/confirm"),
        ("POST", "/decline"),
        ("POST", "/complete"),
        ("POST", "/join"),
    ] {
        other.bare(method, &format!("{path}{part}")).await.refused(404, "BOOKING_NOT_FOUND");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_zone_that_a_browser_calls_by_a_former_name_gets_its_present_one(pool: PgPool) {
    let site = start(&pool).await;
    let body = json!({
        "email": "ada@example.org", "password": PASSWORD, "name": "Ada Lovelace", "role": "student",
        "time_zone": "Europe/Kiev",
    });
    assert_eq!(site.call("POST", "/api/v2/auth/register", body).await.data()["time_zone"], "Europe/Kyiv");
    let ben = site.person("Ben Nevis", "student").await;
    let changed = ben.call("PATCH", "/api/v2/me", json!({ "time_zone": "Asia/Calcutta" })).await.data();
    assert_eq!(changed["time_zone"], "Asia/Kolkata");
    assert_eq!(ben.get("/api/v2/me").await.data(), changed);
    let form = site.request("GET", "/signup").header("Accept", "text/html");
    let form = send(form.header("Cookie", "tz=Asia/Katmandu")).await.text;
    let chosen =
        form.split("<option ").find(|option| option.contains(" selected") && option.contains("Asia/"));
    let chosen = chosen.unwrap_or_else(|| panic!("no zone is chosen: {form}"));
    assert!(chosen.contains("value=\"Asia/Kathmandu\"") && chosen.contains("\"Asia/Katmandu\""), "{chosen}");
    assert!(form.matches("value=\"Asia/Katmandu\"").count() == 0, "a former name is offered");
    site.stop().await;
}
