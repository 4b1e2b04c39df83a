//! Files of messages over HTTP.

use reqwest::multipart::{Form, Part};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    chat::{THREADS, open, say},
    chat_pages::assert_has,
    pages::{cookie_of, page},
    support::{Answer, Person, Site, send, start_with},
};

pub const PDF: &[u8] = b"%PDF-1.7\n%%EOF";
/// One black pixel.
pub const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63,
    0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xaf, 0xa4, 0x71, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60,
    0x82,
];

/// A site with a folder of its own, which lives as long as the test.
pub async fn start(pool: &PgPool) -> (Site, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("file://{}/files", folder.path().display());
    (start_with(pool, &[("STORAGE_URL", &address)]).await, folder)
}

fn form(name: &str, content: &[u8]) -> Form {
    Form::new().part("file", Part::bytes(content.to_vec()).file_name(name.to_owned()))
}

async fn upload(person: &Person<'_>, thread: &str, name: &str, content: &[u8]) -> Answer {
    send(person.request("POST", &format!("{thread}/attachments")).multipart(form(name, content))).await
}

/// The path of an address of ours.
pub fn path<'a>(site: &Site, address: &'a serde_json::Value) -> &'a str {
    let address = address.as_str().expect("an address");
    assert!(!address.contains(' ') && site.base.starts_with("http"), "{address}");
    let (_, host) = address.split_once("://").expect("a whole address");
    &host[host.find('/').expect("a path")..]
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_is_uploaded_sent_and_read_by_both(pool: PgPool) {
    let (site, _folder) = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let pdf = upload(&student, &thread, "../é\"x;.pdf", PDF).await;
    assert_eq!(pdf.status, 201, "{pdf:?}");
    let pdf = pdf.data();
    assert_eq!((&pdf["content_type"], &pdf["size"]), (&json!("application/pdf"), &json!(PDF.len())));
    assert_eq!(pdf["thumbnail_url"], json!(null));
    let image = upload(&student, &thread, "x.exe", PNG).await.data();
    assert_eq!((&image["content_type"], &image["width"]), (&json!("image/png"), &json!(1)));
    assert_eq!(image["name"], "x.exe.png");
    let body = json!({ "body": "Look", "attachments": [pdf["id"], image["id"]] });
    assert_eq!(say(&student, &thread, body.clone()).await["attachments"].as_array().map(Vec::len), Some(2));
    let again = student.call("POST", &format!("{thread}/messages"), body).await;
    assert_eq!(again.refused(400, "INVALID_REQUEST")["details"]["field"], "attachments");

    let newest = tutor.get(&format!("{thread}/messages")).await.data()[0].clone();
    let files = newest["attachments"].as_array().expect("files");
    assert_eq!(files.len(), 2);
    for file in files {
        // A link needs nobody signed in: it is the reader's own.
        let answer = send(site.request("GET", path(&site, &file["url"]))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let kind = file["content_type"].as_str();
        assert_eq!(answer.header("content-type"), kind);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; sandbox"));
        let way = if kind == Some("image/png") { "inline" } else { "attachment" };
        let disposition = answer.header("content-disposition").expect("a disposition");
        assert!(disposition.starts_with(&format!("{way}; filename*=UTF-8''")), "{disposition}");
        assert!(
            disposition.is_ascii() && !disposition.contains('"') && !disposition.contains('/'),
            "{disposition}"
        );
    }
    let image = files.iter().find(|file| file["content_type"] == "image/png").expect("the image");
    let small = send(site.request("GET", path(&site, &image["thumbnail_url"]))).await;
    assert_eq!((small.status.as_u16(), small.header("content-type")), (200, Some("image/jpeg")));
    let disposition = small.header("content-disposition").expect("a disposition");
    assert!(disposition.ends_with("x.exe.jpg"), "{disposition}");
    let own = path(&site, &files[0]["url"]).replace(tutor.id(), student.id());
    send(site.request("GET", &own)).await.refused(404, "NOT_FOUND");
    let bare = format!("/files/{}", pdf["id"].as_str().expect("an id"));
    tutor.get(&bare).await.refused(400, "INVALID_REQUEST");
    site.set_clock("2027-03-01T10:00:00Z").await;
    send(site.request("GET", path(&site, &files[0]["url"]))).await.refused(410, "LINK_EXPIRED");
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_picture_is_sent_without_words(pool: PgPool) {
    let (site, _folder) = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let thread = open(&student, &tutor).await;
    let messages = format!("{thread}/messages");
    for body in [json!({ "body": "" }), json!({ "body": " ", "attachments": [] })] {
        let error = student.call("POST", &messages, body.clone()).await.refused(400, "INVALID_REQUEST");
        assert_eq!(error["details"]["field"], "body", "{body}");
    }
    let image = upload(&student, &thread, "board.png", PNG).await.data();
    let sent = say(&student, &thread, json!({ "body": " ", "attachments": [image["id"]] })).await;
    assert_eq!((&sent["body"], &sent["attachments"][0]["name"]), (&json!(""), &json!("board.png")));
    assert_eq!(tutor.get(THREADS).await.data()[0]["last_message"]["body"], "");

    assert_has(&page(&site, &tutor, "/messages").await, &["board.png"]);
    let place = thread.replace(THREADS, "/messages");
    let shown = page(&site, &tutor, &place).await;
    assert_has(&shown, &["<img src=\"/files/", "Sam Student: board.png"]);
    assert!(!shown.text.contains("class=\"chat-text\""), "no empty words: {}", shown.text);
    let found = page(&site, &tutor, &format!("{place}/search?q=BOARD")).await;
    assert_has(&found, &["board.png", "Show in its place"]);
    let id = sent["id"].as_str().expect("an id");
    let report = page(&site, &tutor, &format!("{place}/report?message={id}")).await;
    assert_has(&report, &["class=\"chat-quote\"", "board.png"]);
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_file_of_ours_is_refused(pool: PgPool) {
    let (site, _folder) = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let stranger = site.person("Sue Stranger", "student").await;
    let thread = open(&student, &tutor).await;
    for (name, content) in
        [("a.pdf", &b"<script>"[..]), ("a.png", b""), ("a.jpg", b"%PDF"), ("a.svg", b"<svg/>")]
    {
        let error = upload(&student, &thread, name, content).await.refused(400, "INVALID_REQUEST");
        assert_eq!(error["details"]["field"], "file", "{name}");
    }
    let large = [PDF, &vec![b' '; 10 * 1024 * 1024]].concat();
    upload(&student, &thread, "a.pdf", &large).await.refused(413, "PAYLOAD_TOO_LARGE");
    student.call("POST", &format!("{thread}/attachments"), json!({})).await.refused(400, "INVALID_REQUEST");
    upload(&stranger, &thread, "a.pdf", PDF).await.refused(404, "NOT_FOUND");
    let anonymous = site.request("POST", &format!("{thread}/attachments")).multipart(form("a.pdf", PDF));
    send(anonymous).await.refused(401, "INVALID_TOKEN");
    for path in
        ["/files/x?for=x&until=1&seal=x", "/files/00000000-0000-0000-0000-000000000000?for=x&until=1&seal="]
    {
        let answer = send(site.request("GET", path)).await;
        assert!(answer.status.is_client_error(), "{path}: {answer:?}");
    }
    site.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_form_sends_a_file_without_javascript(pool: PgPool) {
    let (site, _folder) = start(&pool).await;
    let (tutor, student) = (site.tutor("Tia Tutor").await, site.person("Sam Student", "student").await);
    let api = open(&student, &tutor).await;
    let id = api.strip_prefix(&format!("{THREADS}/")).expect("an address").to_owned();
    let cookie = cookie_of(&site, &student).await;
    let post = async |form: Form| {
        let request = site.request("POST", "/do/send_file").header("Accept", "text/html");
        send(request.header("Origin", &site.base).header("Cookie", &cookie).multipart(form)).await
    };
    let shown = page(&site, &student, &format!("/messages/{id}")).await;
    assert_has(&shown, &["action=\"/do/send_file\"", "enctype=\"multipart/form-data\""]);
    let fields = |form: Form, body: &str| {
        form.text("thread", id.clone()).text("form", "f1").text("body", body.to_owned())
    };
    for (body, file) in [("", form("<notes>.pdf", PDF)), ("My drawing", form("a.png", PNG))] {
        let answer = post(fields(file, body)).await;
        assert_eq!(answer.header("location"), Some(&*format!("/messages/{id}?sent=1")), "{answer:?}");
    }
    let shown = page(&site, &tutor, &format!("/messages/{id}")).await;
    assert_has(&shown, &["&lt;notes&gt;.pdf", "My drawing", "<img src=\"/files/", "1 KB", "small=1"]);
    let refused = post(fields(form("a.png", b"<script>"), "")).await;
    let back = refused.header("location").expect("a place").to_owned();
    assert!(back.starts_with(&format!("/messages/{id}?__path=")), "{back}");
    assert_eq!(say(&student, &api, json!({ "body": "On" })).await["attachments"], json!([]));
    site.stop().await;
}
