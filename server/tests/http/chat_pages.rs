//! The pages of chat, as a browser without JavaScript uses them.

use serde_json::json;
use sqlx::PgPool;

use crate::{
    chat::{THREADS, open, say},
    pages::{cookie_of, page},
    support::{Answer, Person, Site, send, start},
};

/// Posts a form of a page.
pub async fn post(site: &Site, person: &Person<'_>, action: &str, fields: &[(&str, &str)]) -> Answer {
    let request = site
        .request("POST", action)
        .header("Accept", "text/html")
        .header("Origin", &site.base)
        .header("Referer", format!("{}/messages", site.base))
        .header("Cookie", cookie_of(site, person).await);
    send(request.form(fields)).await
}

/// Where the answer sends the browser.
pub fn place(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{answer:?}");
    answer.header("location").expect("a place").to_owned()
}

pub fn assert_has(page: &Answer, parts: &[&str]) {
    assert_eq!(page.status, 200, "{}", page.text);
    for part in parts {
        assert!(page.text.contains(part), "{part} is missing: {}", page.text);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_student_writes_from_a_profile_and_the_tutor_answers(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    assert_has(&page(&site, &student, "/messages").await, &["No messages yet"]);
    let profile = page(&site, &student, "/tutors/tia-tutor").await;
    assert_has(&profile, &["action=\"/do/open_thread\"", tutor.tutor_id()]);
    let thread = place(&post(&site, &student, "/do/open_thread", &[("tutor", tutor.tutor_id())]).await);
    assert!(thread.starts_with("/messages/"), "{thread}");
    let id = thread.trim_start_matches("/messages/");
    let fields =
        [("thread", id), ("form", "f1"), ("body", "See <https://example.org/a> & call 06 12 34 56 78")];
    for _ in 0..2 {
        // The browser posts the form again: it is one message.
        assert_eq!(
            place(&post(&site, &student, "/do/send_message", &fields).await),
            format!("{thread}?sent=1")
        );
    }
    // The same form with another text, from a page to which the browser went back.
    post(&site, &student, "/do/send_message", &[("thread", id), ("form", "f1"), ("body", "One more")]).await;
    let own = page(&site, &student, &thread).await;
    assert_has(
        &own,
        &[
            "See &lt;•••&gt; &amp; call •••",
            "You can exchange it once",
            "Sent",
            "action=\"/do/send_message\"",
        ],
    );
    assert_eq!(own.text.matches("class=\"chat-bubble\"").count(), 2, "{}", own.text);

    let waiting = page(&site, &tutor, "/tutor").await;
    assert_has(&waiting, &["href=\"/messages\"", "Messages<span class=\"count tabular\">2<"]);
    let seen = page(&site, &tutor, &thread).await;
    assert_has(&seen, &["One more", "Sam Student"]);
    let count = "Messages<span class=\"count";
    assert!(!seen.text.contains(count), "what is shown is read: {}", seen.text);
    assert!(!page(&site, &tutor, "/tutor").await.text.contains(count));
    assert_has(&page(&site, &student, &thread).await, &["Read"]);

    student.book(&tutor, "2027-03-01T12:00:00Z").await.data();
    let api = format!("{THREADS}/{id}");
    say(&tutor, &api, json!({ "body": "Read https://example.org/a first" })).await;
    let link = "<a href=\"https://example.org/a\" target=\"_blank\" rel=\"noopener noreferrer nofollow ugc\" dir=\"ltr\">";
    assert_has(&page(&site, &student, &thread).await, &[link]);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_not_a_message_is_told_and_strangers_see_nothing(pool: PgPool) {
    let site = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let stranger = site.person("Sue Stranger", "student").await;
    let api = open(&student, &tutor).await;
    let thread = api.replace(THREADS, "/messages");
    let id = thread.trim_start_matches("/messages/").to_owned();
    for path in [&thread, "/messages/x", "/messages/00000000-0000-0000-0000-000000000000"] {
        assert_eq!(page(&site, &stranger, path).await.status, 404, "{path}");
    }
    let signed_out = send(site.request("GET", &thread).header("Accept", "text/html")).await;
    assert!(place(&signed_out).starts_with("/login?next="), "{signed_out:?}");
    let long = "x".repeat(4001);
    for body in ["", " ", &long] {
        let fields = [("thread", &*id), ("form", "f"), ("body", body)];
        assert!(place(&post(&site, &student, "/do/send_message", &fields).await).contains("__path="));
        assert!(place(&post(&site, &stranger, "/do/send_message", &fields).await).contains("__path="));
    }
    for at in 0..35 {
        say(&tutor, &api, json!({ "body": format!("message number {at};") })).await;
    }
    let newest = page(&site, &student, &thread).await;
    assert_has(&newest, &["message number 34;", "message number 5;", "Older messages"]);
    assert!(!newest.text.contains("message number 4;"), "thirty at once");
    let older = newest.text.split("?before=").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let older = page(&site, &student, &format!("{thread}?before={older}")).await;
    assert_has(&older, &["message number 0;", "message number 4;", "Newest messages"]);
    assert!(!older.text.contains("message number 5;"), "each once");
    assert_eq!(page(&site, &student, &format!("{thread}?before=x")).await.status, 400);
    site.stop().await;
}
