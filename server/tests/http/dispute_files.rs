//! Files of statements over HTTP: attached by programs and by forms without JavaScript, read by links.

use reqwest::multipart::{Form, Part};
use sandbox::Sandbox;
use serde_json::json;
use sqlx::PgPool;
use tempfile::TempDir;

use crate::{
    chat_files::{PDF, PNG, path},
    chat_pages::assert_has,
    disputes::taught,
    money::{admin, start_in},
    pages::{cookie_of, page},
    support::{Answer, Person, Site, send},
};

fn part(name: &str, content: &[u8]) -> Part {
    Part::bytes(content.to_vec()).file_name(name.to_owned())
}

/// A site with a folder of its own, which lives as long as the test.
async fn start(db: &PgPool) -> (Site, (Sandbox, TempDir)) {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("file://{}/files", folder.path().display());
    let (site, sandbox) = start_in(db, &[("STORAGE_URL", &address)]).await;
    (site, (sandbox, folder))
}

async fn attach(person: &Person<'_>, disputes: &str, name: &str, content: &[u8]) -> Answer {
    let form = Form::new().part("file", part(name, content));
    send(person.request("POST", &format!("{disputes}/files")).multipart(form)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn evidence_is_attached_and_read_by_the_two_and_admins(db: PgPool) {
    let (site, _kept) = start(&db).await;
    let (tutor, student, id) = taught(&site).await;
    let (admin, other) = (admin(&site).await, site.person("Olga", "student").await);
    let disputes = format!("/api/v2/bookings/{}/disputes", id.as_str().expect("an id"));
    let large = [PDF, &vec![b' '; 10 * 1024 * 1024]].concat();
    attach(&student, &disputes, "a.pdf", &large).await.refused(413, "PAYLOAD_TOO_LARGE");
    let kind = attach(&student, &disputes, "a.png", b"<svg/>").await.refused(400, "INVALID_REQUEST");
    assert_eq!(kind["details"]["field"], "file");
    attach(&other, &disputes, "a.pdf", PDF).await.refused(404, "BOOKING_NOT_FOUND");
    attach(&admin, &disputes, "a.pdf", PDF).await.refused(403, "INSUFFICIENT_PERMISSIONS");

    let image = attach(&student, &disputes, "x.exe", PNG).await;
    assert_eq!(image.status, 201, "{image:?}");
    let image = image.data();
    assert_eq!((&image["content_type"], &image["width"]), (&json!("image/png"), &json!(1)));
    let body = json!({ "reason": "other", "statement": "Look.", "attachments": ["7"] });
    let wrong = student.call("POST", &disputes, body).await.refused(400, "INVALID_REQUEST");
    assert_eq!(wrong["details"]["field"], "attachments");
    let body = json!({ "reason": "other", "statement": "Look.", "attachments": [image["id"]] });
    let opened = student.call("POST", &disputes, body).await.data();
    let at = format!("/api/v2/disputes/{}", opened["id"].as_str().expect("an id"));
    let pdf = attach(&tutor, &disputes, "log.pdf", PDF).await.data();
    let body = json!({ "statement": "My log.", "attachments": [pdf["id"]] });
    assert_eq!(tutor.call("POST", &format!("{at}/statements"), body).await.status, 201);

    for person in [&student, &tutor, &admin] {
        let seen = person.get(&at).await.data();
        for (statement, kind) in [(0, "image/png"), (1, "application/pdf")] {
            let file = &seen["statements"][statement]["attachments"][0];
            // A link needs nobody signed in: it is the reader's own.
            let answer = send(site.request("GET", path(&site, &file["url"]))).await;
            assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some(kind)));
            assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; sandbox"));
            let forged = path(&site, &file["url"]).replace(person.id(), other.id());
            send(site.request("GET", &forged)).await.refused(404, "NOT_FOUND");
            // Nor is it a file of a conversation.
            let elsewhere = path(&site, &file["url"]).replace("/evidence/", "/files/");
            send(site.request("GET", &elsewhere)).await.refused(404, "NOT_FOUND");
        }
    }
    other.get(&at).await.refused(404, "NOT_FOUND");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_forms_take_files_without_javascript(db: PgPool) {
    let (site, _kept) = start(&db).await;
    let (tutor, student, id) = taught(&site).await;
    let id = id.as_str().expect("an id");
    let lesson = format!("/lessons/{id}");
    let post = async |person: &Person<'_>, action: &str, form: Form| {
        let cookie = cookie_of(&site, person).await;
        let request = site.request("POST", action).header("Accept", "text/html");
        send(request.header("Origin", &site.base).header("Cookie", cookie).multipart(form)).await
    };
    let shown = page(&site, &student, &format!("{lesson}/dispute")).await;
    assert_has(&shown, &["action=\"/do/open_dispute\"", "enctype=\"multipart/form-data\"", " multiple"]);
    let fields = |statement: &str| {
        Form::new()
            .text("booking", id.to_owned())
            .text("statement", statement.to_owned())
            .text("reason", "cut_short")
    };
    // Too large by far: the browser is answered all the same, and what was typed is kept.
    for (size, statement) in [(12, "Look."), (30, "Look."), (1, "")] {
        let content = vec![b' '; size * 1024 * 1024];
        let refused =
            post(&student, "/do/open_dispute", fields(statement).part("file", part("a.pdf", &content)));
        let back = refused.await;
        let place = back.header("location").expect("a place").to_owned();
        assert!(place.starts_with(&format!("{lesson}/dispute?__path=")), "{place}");
        let flash = back.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a flash");
        let cookie = format!("{}; {flash}", cookie_of(&site, &student).await);
        let asked = site.request("GET", &place).header("Cookie", cookie).header("Accept", "text/html");
        let shown = send(asked).await;
        let told = if size > 1 { "at most 10 MB together" } else { "Say in 1 to 2000 characters" };
        assert_has(&shown, &[told, statement]);
    }
    let form = fields("Look.").part("file", part("one.png", PNG)).part("file", part("<two>.pdf", PDF));
    let opened = post(&student, "/do/open_dispute", form).await;
    assert_eq!(opened.header("location"), Some(&*format!("{lesson}#dispute")), "{opened:?}");
    let shown = page(&site, &tutor, &lesson).await;
    assert_has(
        &shown,
        &["<img src=\"/evidence/", "one.png", "&lt;two&gt;.pdf", "1 KB", "/do/answer_dispute"],
    );
    let dispute = shown.text.split_once("name=\"dispute\" value=\"").expect("a form").1;
    let dispute = dispute.split_once('"').expect("its id").0.to_owned();
    let form = || fields("My log.").text("dispute", dispute.clone());
    // A field that was left empty sends no file.
    let answered = post(&tutor, "/do/answer_dispute", form().part("file", part("", b""))).await;
    assert_eq!(answered.header("location"), Some(&*lesson), "{answered:?}");
    let refused = post(&tutor, "/do/answer_dispute", form().part("file", part("a.png", b"<script>"))).await;
    assert!(refused.header("location").expect("a place").starts_with(&format!("{lesson}?__path=")));
    let other = site.person("Olga", "student").await;
    let refused = post(&other, "/do/answer_dispute", form().part("file", part("a.pdf", PDF))).await;
    assert!(refused.header("location").expect("a place").contains("__path="));
    let shown = page(&site, &student, &lesson).await;
    assert_eq!(shown.text.matches("My log.").count(), 1);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn forms_of_texts_are_taken_and_none_is_decided_unread(db: PgPool) {
    let (site, _kept) = start(&db).await;
    let (tutor, student, id) = taught(&site).await;
    let (admin, id) = (admin(&site).await, id.as_str().expect("an id"));
    let lesson = format!("/lessons/{id}");
    let post = async |cookie: &str, action: &str, from: &str, fields: &[(&str, &str)]| {
        let request = site.request("POST", action).header("Accept", "text/html").header("Cookie", cookie);
        let request = request.header("Origin", &site.base).header("Referer", format!("{}{from}", site.base));
        let answer = send(request.form(fields)).await;
        (answer.header("location").expect("a place").to_owned(), answer)
    };
    // Nobody's form leads to the page, which asks to sign in, however large its file is.
    let large = vec![b' '; 12 * 1024 * 1024];
    let form = Form::new().text("booking", id.to_owned()).part("file", part("a.pdf", &large));
    let request = site.request("POST", "/do/open_dispute").header("Accept", "text/html");
    let nobody = send(request.header("Origin", &site.base).multipart(form)).await;
    let place = nobody.header("location").expect("a place");
    assert!(place.starts_with(&format!("{lesson}/dispute?__path=")), "{place}");

    let cookie = cookie_of(&site, &student).await;
    let fields = [("booking", id), ("reason", "cut_short"), ("statement", "Twenty minutes & no more.")];
    let (place, _) = post(&cookie, "/do/open_dispute", &lesson, &fields).await;
    assert_eq!(place, format!("{lesson}#dispute"));
    let disputes = student.get(&format!("/api/v2/bookings/{id}/disputes")).await.data();
    let dispute = disputes[0]["id"].as_str().expect("an id");
    assert_eq!(disputes[0]["statements"][0]["statement"], "Twenty minutes & no more.");

    let case = format!("/admin/disputes/{dispute}?outcome=none");
    assert_has(&page(&site, &admin, &case).await, &["name=\"seen\" value=\"1\""]);
    let (own, theirs) = (cookie_of(&site, &admin).await, cookie_of(&site, &tutor).await);
    let fields = [("booking", id), ("dispute", dispute), ("statement", "It was forty.")];
    assert_eq!(post(&theirs, "/do/answer_dispute", &lesson, &fields).await.0, lesson);
    let decide = async |seen: &str| {
        let fields = [("dispute", dispute), ("outcome", "none"), ("note", "No."), ("seen", seen)];
        post(&own, "/do/decide_dispute", &case, &fields).await
    };
    let (place, refused) = decide("1").await;
    let flash = refused.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a flash");
    let place = place.trim_start_matches(&*site.base);
    let asked = site.request("GET", place).header("Cookie", format!("{own}; {flash}"));
    let shown = send(asked.header("Accept", "text/html")).await;
    assert_has(
        &shown,
        &["Something was added to this dispute", "It was forty.", "name=\"seen\" value=\"2\""],
    );
    assert_eq!(decide("2").await.0, format!("/admin/disputes/{dispute}?saved=1"));
    site.stop().await;
}
