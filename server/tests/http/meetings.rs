//! Meetings within the page, where their server may be embedded.

use sqlx::PgPool;

use crate::{
    chat_pages::{assert_has, place, post},
    pages::{cookie_of, page},
    support::{Answer, Person, Site, send, start_with},
};

/// Joins from the lesson's page as a browser does; the page to which it is led.
async fn join(site: &Site, person: &Person<'_>, booking: &str) -> Answer {
    let answer = post(site, person, "/do/join_lesson", &[("booking", booking)]).await;
    let flash = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a flash");
    let cookies = format!("{}; {flash}", cookie_of(site, person).await);
    let room = place(&answer);
    let room = room.trim_start_matches(&*site.base);
    assert!(room.starts_with(&format!("/lessons/{booking}/room")), "{room}");
    send(site.request("GET", room).header("Accept", "text/html").header("Cookie", cookies)).await
}

/// The part of a policy that begins with a name.
fn part<'a>(answer: &'a Answer, header: &str, name: &str) -> &'a str {
    let policy = answer.header(header).expect(header);
    policy.split([';', ',']).map(str::trim).find(|part| part.starts_with(name)).expect(name)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_meeting_of_ones_own_server_opens_within_the_page(pool: PgPool) {
    let own = [("JITSI_DOMAIN", "meet.school.test"), ("JITSI_EMBEDDABLE", "on")];
    for (vars, embedded) in [(&own[..], true), (&own[..1], false)] {
        let site = start_with(&pool, vars).await;
        let name = if embedded { "Tia" } else { "Tom" };
        let tutor = site.tutor(&format!("{name} Tutor")).await;
        let student = site.person(&format!("{name} Student"), "student").await;
        let booking = student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
        let booking = booking["id"].as_str().expect("an id");
        site.set_clock("2027-03-01T11:55:00Z").await;
        let student = student.again().await;

        let lesson = page(&site, &student, &format!("/lessons/{booking}")).await;
        assert_eq!(lesson.text.contains("target=\"_blank\" class=\"center\""), !embedded);
        assert_eq!(part(&lesson, "content-security-policy", "frame-src"), "frame-src 'none'");
        let room = join(&site, &student, booking).await;
        let source = format!("<iframe src=\"https://meet.school.test/tutor{}", tutor.tutor_id());
        assert_eq!(room.text.contains(&source), embedded, "{}", room.text);
        assert_eq!(room.text.contains("http-equiv=\"refresh\""), !embedded, "{}", room.text);
        let (frames, camera) = if embedded {
            ("frame-src https://meet.school.test", "camera=(self \"https://meet.school.test\")")
        } else {
            ("frame-src 'none'", "camera=()")
        };
        assert_eq!(part(&room, "content-security-policy", "frame-src"), frames);
        assert_eq!(part(&room, "permissions-policy", "camera="), camera);
        site.set_clock("2027-03-01T08:00:00Z").await;
        site.stop().await;
    }
}

/// Calls a server function as an island of a page does.
async fn ask(site: &Site, person: &Person<'_>, action: &str, fields: &[(&str, &str)]) -> Answer {
    let request = site
        .request("POST", action)
        .header("Accept", "application/json")
        .header("Origin", &site.base)
        .header("Cookie", cookie_of(site, person).await);
    send(request.form(fields)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_has_the_address_ahead_and_tells_of_a_join(pool: PgPool) {
    let site = start_with(&pool, &[("JITSI_DOMAIN", "meet.school.test")]).await;
    let (tutor, student) = (site.tutor("Tia").await, site.person("Sam", "student").await);
    let booking = student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let booking = booking["id"].as_str().expect("an id");
    site.set_clock("2027-03-01T11:54:59Z").await;
    let student = student.again().await;
    let early = ask(&site, &student, "/do/look_ahead", &[("booking", booking)]).await;
    assert_eq!(early.status, 403);
    assert_eq!(early.json()["code"], "JOIN_CLOSED");
    site.set_clock("2027-03-01T11:55:00Z").await;
    let ahead = ask(&site, &student, "/do/look_ahead", &[("booking", booking)]).await.json();
    assert!(
        ahead["url"].as_str().is_some_and(|url| url.starts_with("https://meet.school.test/tutor")),
        "{ahead}"
    );
    assert_eq!(ahead["given_ms"], 1_803_902_100_000.0);
    for (at, status) in [
        ("yesterday", 400),
        ("2027-03-01T11:54:59.999Z", 403),
        ("2027-03-01T11:55:00.001Z", 400),
        ("2027-03-01T11:55:00.000Z", 200),
    ] {
        let told = [("booking", booking), ("click", "one"), ("at", at)];
        assert_eq!(ask(&site, &student, "/do/tell_join", &told).await.status, status, "{at}");
    }
    for action in ["/do/look_ahead", "/do/tell_join"] {
        let told = [("booking", booking), ("click", "one"), ("at", "2027-03-01T11:55:00Z")];
        let request =
            site.request("POST", action).header("Accept", "application/json").header("Origin", &site.base);
        assert_eq!(send(request.form(&told)).await.status, 401, "{action}");
    }
    site.stop().await;
}

/// The last resort, where a meeting cannot be reached: its tutor makes one by hand, and both are led there.
#[sqlx::test(migrations = "../migrations")]
async fn a_meeting_that_was_made_by_hand_takes_the_place_of_one_out_of_reach(pool: PgPool) {
    let site = start_with(&pool, &[]).await;
    let (tutor, student) = (site.tutor("Tia").await, site.person("Sam", "student").await);
    let booking = student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let booking = booking["id"].as_str().expect("an id");
    site.set_clock("2027-03-01T12:05:00Z").await;
    let (tutor, student) = (tutor.again().await, student.again().await);
    let lesson = format!("/lessons/{booking}");
    let shown = page(&site, &tutor, &lesson).await;
    let parts = [
        "href=\"https://meet.google.com/new\"",
        "href=\"#own-link\"",
        "id=\"own-link\"",
        "/do/set_lesson_link",
    ];
    assert_has(&shown, &parts);
    let shown = page(&site, &student, &lesson).await;
    assert_has(&shown, &["your tutor can make another meeting by hand, such as a Google Meet"]);
    assert!(
        !shown.text.contains("meet.google.com/new") && !shown.text.contains("own-link"),
        "{}",
        shown.text
    );

    let made = "https://meet.google.com/abc-defg-hij";
    let link = [("booking", booking), ("external_url", made)];
    assert_eq!(post(&site, &tutor, "/do/set_lesson_link", &link).await.status, 302);
    for person in [&student, &tutor] {
        let joined = person.bare("POST", &format!("/api/v2/bookings/{booking}/join")).await;
        assert_eq!((joined.status.as_u16(), &joined.data()["url"]), (200, &serde_json::json!(made)));
    }
    site.stop().await;
}
