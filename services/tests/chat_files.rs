//! Files of messages, in a real store.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use std::io::Cursor;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    chat::{ClientId, Decision, MessageBody, ReportReason},
    ids::{AttachmentId, ThreadId, UserId},
};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use services::{
    Actor, Services, chance,
    chat::{self, Message, Whom},
    files::{self, Attachment, Home, MAX_FILE, Size},
    sweep,
    testing::{self, refused, student, tutor, user},
};
use sqlx::PgPool;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF";

struct Two {
    services: Services,
    tutor: Actor,
    student: Actor,
    thread: ThreadId,
    // The folder lives as long as the test.
    _folder: tempfile::TempDir,
}

async fn two(db: PgPool) -> Two {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("file://{}/files", folder.path().display());
    let services = testing::services_in(db, &[("STORAGE_URL", &address)], None);
    let (tutor, student) = (tutor(&services, "Tina").await, student(&services, "Sam").await);
    let (thread, _) = chat::open(&services, &student, Whom::Tutor(tutor.id)).await.expect("a thread");
    Two { services, tutor: tutor.actor, student, thread: thread.id, _folder: folder }
}

/// A picture, half of it transparent, with a comment in the metadata of a JPEG and of a PNG.
fn picture(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, _| Rgba([200, 30, 30, if x < width / 2 { 0 } else { 255 }]);
    let image = DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, pixel));
    let image = if format == ImageFormat::Jpeg { DynamicImage::from(image.to_rgb8()) } else { image };
    let mut content = Cursor::new(Vec::new());
    image.write_to(&mut content, format).expect("an image");
    let mut content = content.into_inner();
    if format == ImageFormat::Jpeg {
        let comment = b"\xff\xfe\x00\x16taken at 48.8584 N";
        content.splice(2..2, comment.iter().copied());
    }
    if format == ImageFormat::Png {
        // Behind the signature and the header: length, name and content, checksum.
        let comment = b"\0\0\0\x1atEXtComment\0taken at 48.8584 N\xb2\xc8\x57\x2f";
        content.splice(33..33, comment.iter().copied());
    }
    content
}

/// The names of the parts of a PNG.
fn chunks(png: &[u8]) -> Vec<&[u8]> {
    let (mut names, mut at) = (Vec::new(), 8);
    while let Some(head) = png.get(at..at + 8) {
        names.push(&head[4..]);
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        at += 12 + usize::try_from(length).expect("a length");
    }
    names
}

impl Two {
    async fn try_upload(&self, actor: &Actor, name: &str, content: &[u8]) -> services::Result<Attachment> {
        chat::upload(&self.services, actor, self.thread, name, content.to_vec()).await
    }

    async fn upload(&self, name: &str, content: &[u8]) -> Attachment {
        self.try_upload(&self.student, name, content).await.expect("kept")
    }

    async fn try_send(&self, actor: &Actor, files: &[AttachmentId]) -> services::Result<Message> {
        let body = MessageBody::parse("Look").expect("a text");
        chat::send_with(&self.services, actor, self.thread, &body, None, files).await
    }

    async fn send(&self, files: &[AttachmentId]) -> Message {
        self.try_send(&self.student, files).await.expect("sent")
    }

    /// The files of all messages as a reader sees them.
    async fn shown(&self, actor: &Actor) -> Vec<Attachment> {
        let page = chat::messages(&self.services, actor, self.thread, None, 100).await.expect("a page");
        let files = chat::attachments(&self.services, actor, self.thread, &page.rows).await.expect("files");
        files.into_values().flatten().collect()
    }

    /// Opens a file by the link that a reader is given.
    async fn open(&self, reader: UserId, file: &Attachment, size: Size) -> services::Result<Vec<u8>> {
        let link = files::link(&self.services, Home::Chat, reader, file.id, size).expect("a link");
        let (until, seal) = parts(&link);
        let opened = chat::open_file(&self.services, file.id, size, reader, until, &seal).await;
        opened.map(|(_, content)| content)
    }

    async fn kept(&self) -> Vec<String> {
        let mut names = self.services.storage.names().await.expect("names");
        names.sort_unstable();
        names
    }
}

fn parts(link: &str) -> (i64, String) {
    let value = |name: &str| {
        let part = link.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).expect("a part");
        part.to_owned()
    };
    (value("until=").parse().expect("a number"), value("seal="))
}

#[sqlx::test(migrations = "../migrations")]
async fn images_are_written_anew_and_pdfs_kept_as_they_are(db: PgPool) {
    let two = two(db).await;
    let mut ids = Vec::new();
    for (format, name, kind, named) in [
        (ImageFormat::Jpeg, "a.pdf", "image/jpeg", "a.pdf.jpg"),
        (ImageFormat::Png, "b", "image/png", "b.png"),
        (ImageFormat::WebP, "c.webp", "image/jpeg", "c.jpg"),
    ] {
        // Its name says nothing: the content decides.
        let sent = picture(format, 900, 300);
        let file = two.upload(name, &sent).await;
        assert_eq!((&*file.content_type, file.width, file.height), (kind, Some(900), Some(300)));
        assert_eq!(file.name, named);
        let whole = two.open(two.student.user, &file, Size::Whole).await.expect("the file");
        if format == ImageFormat::Png {
            assert!(sent.windows(8).any(|part| part == b"taken at"));
            assert!(chunks(&whole).iter().all(|name| [&b"IHDR"[..], b"IDAT", b"IEND"].contains(name)));
            let pixels = |png: &[u8]| image::load_from_memory(png).expect("an image").into_rgba8();
            assert!(pixels(&whole) == pixels(&sent), "every pixel is what it was");
        }
        assert!(!whole.windows(8).any(|part| part == b"taken at"), "metadata is gone");
        assert_eq!(i64::try_from(whole.len()).ok(), Some(file.size));
        let small = two.open(two.student.user, &file, Size::Thumbnail).await.expect("a thumbnail");
        assert!(small.starts_with(b"\xff\xd8"), "JPEG");
        let small = image::load_from_memory(&small).expect("an image");
        assert_eq!((small.width(), small.height()), (480, 160));
        if format == ImageFormat::Png {
            assert!(
                small.to_rgb8().get_pixel(5, 5).0.iter().all(|part| *part > 240),
                "white, where nothing was"
            );
        }
        ids.push(file.id);
    }
    let large = two.upload("large.jpg", &picture(ImageFormat::Jpeg, 3000, 100)).await;
    assert_eq!((large.width, large.height), (Some(2560), Some(85)));
    let screen = two.upload("screen.png", &picture(ImageFormat::Png, 3000, 100)).await;
    assert_eq!((screen.width, screen.height), (Some(3000), Some(100)));
    let pdf = two.upload("été.pdf", PDF).await;
    assert_eq!((&*pdf.content_type, &*pdf.name, pdf.is_image()), ("application/pdf", "été.pdf", false));
    assert_eq!(two.open(two.student.user, &pdf, Size::Whole).await.expect("the file"), PDF);
    ids.extend([large.id, screen.id, pdf.id]);
    assert_eq!(two.shown(&two.tutor).await, []);
    two.send(&ids).await;
    for actor in [&two.tutor, &two.student] {
        let mut shown: Vec<_> = two.shown(actor).await.into_iter().map(|file| file.id).collect();
        shown.sort_unstable();
        ids.sort_unstable();
        assert_eq!(shown, ids);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_image_or_pdf_leaves_nothing(db: PgPool) {
    let two = two(db).await;
    let png = picture(ImageFormat::Png, 20, 20);
    // It says that it is 60000 × 60000.
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    for content in [
        &b""[..],
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b" %PDF-1.7",
        b"GIF89a",
        &png[..png.len() / 2],
        &bomb,
    ] {
        let answer = refused(two.try_upload(&two.student, "a.png", content).await);
        assert_eq!(answer, (Code::InvalidRequest, "attachment_kind".into()), "{content:?}");
    }
    let mut large = PDF.to_vec();
    large.resize(MAX_FILE + 1, b' ');
    assert_eq!(refused(two.try_upload(&two.student, "a.pdf", &large).await).0, Code::PayloadTooLarge);
    large.truncate(MAX_FILE);
    two.upload("a.pdf", &large).await;
    assert_eq!(two.kept().await.len(), 1);
    let admin = user(&two.services, "Ann", Role::Admin).await;
    for stranger in [&admin, &student(&two.services, "Sue").await] {
        assert_eq!(refused(two.try_upload(stranger, "a.pdf", PDF).await).0, Code::NotFound);
    }
    chat::set_block(&two.services, &two.tutor, two.thread, true).await.expect("blocked");
    assert_eq!(refused(two.try_upload(&two.student, "a.pdf", PDF).await).1, "chat_blocked");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_message_takes_one_s_own_uploads_once_or_is_not_sent(db: PgPool) {
    let two = two(db).await;
    let (one, other) = (two.upload("1.pdf", PDF).await.id, two.upload("2.pdf", PDF).await.id);
    let theirs = two.try_upload(&two.tutor, "3.pdf", PDF).await.expect("kept").id;
    let stranger = student(&two.services, "Sue").await;
    let tutor = tutor(&two.services, "Tom").await;
    let elsewhere = chat::open(&two.services, &stranger, Whom::Tutor(tutor.id)).await.expect("one").0.id;
    let foreign = chat::upload(&two.services, &stranger, elsewhere, "4.pdf", PDF.to_vec()).await;
    for files in [
        vec![one, theirs],
        vec![one, foreign.expect("kept").id],
        vec![one, one],
        vec![one, chance::id()],
        (0..11).map(|_| chance::id()).collect(),
    ] {
        let answer = refused(two.try_send(&two.student, &files).await);
        assert_eq!(answer, (Code::InvalidRequest, "attachments".into()));
    }
    let page = chat::messages(&two.services, &two.tutor, two.thread, None, 10).await.expect("a page");
    assert_eq!(page.rows, [], "refused files send no message");
    let (body, name) = (MessageBody::parse("Look").expect("a text"), ClientId::parse("c").expect("a name"));
    let files = [one];
    let send = || chat::send_with(&two.services, &two.student, two.thread, &body, Some(&name), &files);
    let first = send().await.expect("sent");
    assert_eq!(send().await.expect("the same"), first, "sent again it is the same message");
    assert_eq!(refused(two.try_send(&two.student, &[one]).await).1, "attachments");
    two.services.clock.show(Some(testing::now() + TimeDelta::hours(24)));
    assert_eq!(refused(two.try_send(&two.student, &[other]).await).1, "attachments", "a day is over");
}

#[sqlx::test(migrations = "../migrations")]
async fn links_are_one_person_s_and_end(db: PgPool) {
    let two = two(db).await;
    let file = two.upload("a.pdf", PDF).await;
    assert_eq!(refused(two.open(two.tutor.user, &file, Size::Whole).await).0, Code::NotFound, "not sent yet");
    let message = two.send(&[file.id]).await;
    two.open(two.tutor.user, &file, Size::Whole).await.expect("sent");
    let stranger = student(&two.services, "Sue").await;
    assert_eq!(refused(two.open(stranger.user, &file, Size::Whole).await).0, Code::NotFound);
    let link = files::link(&two.services, Home::Chat, two.tutor.user, file.id, Size::Whole).expect("a link");
    let (until, seal) = parts(&link);
    let (services, tutor) = (&two.services, two.tutor.user);
    for (id, size, reader, until, seal) in [
        (file.id, Size::Whole, two.student.user, until, &*seal),
        (file.id, Size::Thumbnail, tutor, until, &seal),
        (file.id, Size::Whole, tutor, until + 3600, &seal),
        (chance::id(), Size::Whole, tutor, until, &seal),
        (file.id, Size::Whole, tutor, until, ""),
        (file.id, Size::Whole, tutor, until, &seal[1..]),
        (file.id, Size::Whole, tutor, until, "%%%"),
    ] {
        let answer = chat::open_file(services, id, size, reader, until, seal).await;
        assert_eq!(refused(answer).0, Code::NotFound, "{size:?} {until} {seal}");
    }
    // The same link for the whole hour: what a browser has, it keeps.
    services.clock.show(Some(testing::now() + TimeDelta::minutes(59)));
    assert_eq!(files::link(services, Home::Chat, tutor, file.id, Size::Whole).expect("a link"), link);
    services.clock.show(Some(testing::now() + TimeDelta::hours(2)));
    let late = chat::open_file(services, file.id, Size::Whole, tutor, until, &seal).await;
    assert_eq!(refused(late).0, Code::LinkExpired);
    let admin = user(services, "Ann", Role::Admin).await;
    assert_eq!(
        refused(two.open(admin.user, &file, Size::Whole).await).0,
        Code::NotFound,
        "nothing was reported"
    );
    let report = chat::report(services, &two.tutor, two.thread, Some(message.id), ReportReason::Other, None);
    let report = report.await.expect("a report").id;
    let queue = chat::moderation(services, &admin).await.expect("the queue").open;
    assert_eq!(queue[0].lines[0].files, std::slice::from_ref(&file));
    two.open(admin.user, &file, Size::Whole).await.expect("an admin sees what was reported");
    chat::decide(services, &admin, report, Decision::Remove, "No").await.expect("decided");
    two.open(admin.user, &file, Size::Whole).await.expect("evidence");
    assert_eq!(refused(two.open(tutor, &file, Size::Whole).await).0, Code::NotFound, "removed");
    assert_eq!(two.shown(&two.tutor).await, []);
    assert_eq!(two.kept().await.len(), 1, "kept as evidence");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_no_message_took_is_removed_also_after_a_crash(db: PgPool) {
    let two = two(db).await;
    let sent = two.upload("sent.png", &picture(ImageFormat::Png, 30, 30)).await;
    two.send(&[sent.id]).await;
    two.upload("loose.png", &picture(ImageFormat::Png, 30, 30)).await;
    // Killed between the files and the mark that they are there.
    let half = two.upload("half.pdf", PDF).await;
    sqlx::query("UPDATE chat_attachments SET stored_at = NULL WHERE id = $1")
        .bind(half.id.0)
        .execute(&two.services.db)
        .await
        .expect("as a crash leaves it");
    assert_eq!(refused(two.try_send(&two.student, &[half.id]).await).1, "attachments");
    assert_eq!(two.kept().await.len(), 5);
    two.services.clock.show(Some(testing::now() + TimeDelta::hours(25) - TimeDelta::seconds(1)));
    assert_eq!(sweep::run(&two.services).await.expect("swept").uploads_removed, 0);
    two.services.clock.show(Some(testing::now() + TimeDelta::hours(25)));
    assert_eq!(sweep::run(&two.services).await.expect("swept").uploads_removed, 2);
    assert_eq!(sweep::run(&two.services).await.expect("swept").uploads_removed, 0);
    let rest = [format!("chat/{}", sent.id), format!("chat/{}.small", sent.id)];
    assert_eq!(two.kept().await, rest);
    two.open(two.tutor.user, &sent, Size::Whole).await.expect("what was sent stays");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_store_that_is_away_keeps_nothing_else_waiting(db: PgPool) {
    let two = two(db).await;
    let loose = two.upload("loose.pdf", PDF).await;
    let is_there =
        || async { two.services.storage.get(&format!("chat/{}", loose.id)).await.expect("a store") };
    // A folder that cannot be made stands for a store that does not answer.
    let broken = testing::services_in(
        two.services.db.clone(),
        &[("STORAGE_URL", &format!("file://{}/Cargo.toml/files", env!("CARGO_MANIFEST_DIR")))],
        None,
    );
    for services in [&broken, &two.services] {
        services.clock.show(Some(testing::now() + TimeDelta::hours(25)));
    }
    assert_eq!(sweep::run(&broken).await.expect("the rest is done").uploads_removed, 0);
    assert!(is_there().await.is_some());
    assert_eq!(sweep::run(&two.services).await.expect("swept").uploads_removed, 1);
    assert!(is_there().await.is_none());
}

/// Names are masked as texts are, with the same notice, until a booking was confirmed.
#[sqlx::test(migrations = "../migrations")]
async fn contact_data_in_names_is_masked(db: PgPool) {
    let two = two(db).await;
    let name = "write_to_ada@example.org_please.pdf";
    for (body, files, masked_body, masked, names) in [
        ("Look", &[name, "notes.pdf"][..], "Look", true, &["notes.pdf", "write_to_•••_please.pdf"][..]),
        ("Look", &["notes.pdf"], "Look", false, &["notes.pdf"]),
        ("ada@example.org", &["notes.pdf"], "•••", true, &["notes.pdf"]),
        // Without words, the message says what its file is called.
        ("example.com.pdf", &["example.com.pdf"], "•••.pdf", true, &["•••.pdf"]),
    ] {
        let mut ids = Vec::new();
        for name in files {
            ids.push(two.upload(name, PDF).await.id);
        }
        let body = MessageBody::parse(body).expect("a text");
        let sent = chat::send_with(&two.services, &two.student, two.thread, &body, None, &ids).await;
        let sent = sent.expect("sent");
        assert_eq!((&*sent.body, sent.masked), (masked_body, masked), "{files:?}");
        let shown =
            chat::attachments(&two.services, &two.tutor, two.thread, std::slice::from_ref(&sent)).await;
        let mut shown: Vec<_> =
            shown.expect("files")[&sent.id].iter().map(|file| file.name.clone()).collect();
        shown.sort_unstable();
        assert_eq!(shown, names, "{files:?}");
    }
    testing::execute(&two.services, "INSERT INTO settings VALUES ('chat_masks_contacts', 'false')").await;
    let file = two.upload(name, PDF).await;
    assert!(!two.send(&[file.id]).await.masked);
    assert!(two.shown(&two.tutor).await.iter().any(|file| file.name == name));
}

/// A picture needs no words: what it is called stands for them in lists.
#[sqlx::test(migrations = "../migrations")]
async fn a_picture_alone_is_a_message(db: PgPool) {
    let two = two(db).await;
    let nothing = MessageBody::parse_with_files(" \n").expect("no words");
    let send = async |files: &[AttachmentId]| {
        chat::send_with(&two.services, &two.student, two.thread, &nothing, None, files).await
    };
    assert_eq!(refused(send(&[]).await), (Code::InvalidRequest, "message_length".into()));
    let mut sent = Vec::new();
    for (at, name) in ["sketch.png", "write_to_ada@example.org_please.png"].into_iter().enumerate() {
        two.services.clock.show(Some(testing::now() + TimeDelta::minutes(at as i64)));
        let file = two.upload(name, &picture(ImageFormat::Png, 30, 30)).await;
        sent.push(send(&[file.id]).await.expect("sent"));
    }
    let said: Vec<_> = sent.iter().map(|message| (&*message.body, message.masked)).collect();
    assert_eq!(said, [("", false), ("", true)]);
    let listed = async || {
        let threads = chat::threads(&two.services, &two.tutor, None, 10).await.expect("a list").rows;
        let thread = threads.into_iter().next().expect("the thread");
        (thread.last.map(|last| last.body), thread.last_file, thread.unread)
    };
    assert_eq!(listed().await, (Some(String::new()), Some("write_to_•••_please.png".to_owned()), 2));
    let found = async |text: &str| {
        let words = chat::words(text).expect("words");
        let page = chat::search(&two.services, &two.tutor, two.thread, &words, None, 10).await;
        page.expect("a page").rows.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    assert_eq!(found("SKÉTCH png").await, [sent[0].id]);
    assert_eq!(found("sketch write").await, Vec::<i64>::new());

    let admin = user(&two.services, "Ann", Role::Admin).await;
    let (about, reason) = (Some(sent[1].id), ReportReason::Other);
    let report = chat::report(&two.services, &two.tutor, two.thread, about, reason, None).await;
    let report = report.expect("a report").id;
    chat::decide(&two.services, &admin, report, Decision::Remove, "No").await.expect("decided");
    assert_eq!(listed().await, (Some(String::new()), None, 1), "of a removed one nothing is told");
    let (words, file) = (MessageBody::parse("Look").expect("a text"), two.upload("b.pdf", PDF).await);
    let spoken = chat::send_with(&two.services, &two.student, two.thread, &words, None, &[file.id]).await;
    assert_eq!((spoken.expect("sent").body, listed().await.1), ("Look".to_owned(), None), "words say more");
    assert_eq!(found("b.pdf").await, Vec::<i64>::new());
}

/// Files of all conversations of a person count, also those that wait; those of others do not.
#[sqlx::test(migrations = "../migrations")]
async fn files_of_a_person_take_so_much_room_and_no_more(db: PgPool) {
    let two = two(db).await;
    testing::execute(&two.services, "INSERT INTO settings VALUES ('chat_files_mb', '1')").await;
    let half = [PDF, &vec![b' '; 512 * 1024 - PDF.len()]].concat();
    let first = two.upload("a.pdf", &half).await;
    two.send(&[first.id]).await;
    two.upload("b.pdf", &half).await;
    let kept = two.kept().await;
    let full = two.try_upload(&two.student, "c.pdf", PDF).await;
    assert!(
        matches!(&full, Err(error) if error.code() == Code::PayloadTooLarge && error.to_string().contains("files_full")),
        "{full:?}"
    );
    assert_eq!(two.kept().await, kept, "nothing is kept of it");
    two.try_upload(&two.tutor, "d.pdf", PDF).await.expect("the other has room");
    testing::execute(&two.services, "UPDATE settings SET value = '2'").await;
    // Two at once, of which one fits.
    let rest = [PDF, &vec![b' '; 700 * 1024 - PDF.len()]].concat();
    let both = tokio::join!(
        two.try_upload(&two.student, "e.pdf", &rest),
        two.try_upload(&two.student, "f.pdf", &rest)
    );
    assert_eq!(u8::from(both.0.is_ok()) + u8::from(both.1.is_ok()), 1);
}
