//! Files of statements, in a real store: who attaches how many, what they become, who reads them, what is removed.
#![allow(clippy::expect_used, reason = "a fixture that fails is a failed test")]

use std::io::Cursor;

use chrono::TimeDelta;
use domain::{
    Code,
    account::Role,
    booking::Booking,
    dispute::{MAX_FILES, Outcome, Reason, Statement},
    ids::{AttachmentId, DisputeId, UserId},
};
use image::{DynamicImage, ImageFormat};
use services::{
    Actor, Services, chance,
    dispute::{self, Dispute},
    files::{self, Attachment, Home, MAX_FILE, Size, Upload},
    sweep,
    testing::{self, Tutor, at_hour, booked, execute, refused, student, tutor, user},
};
use sqlx::PgPool;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF";

struct Case {
    services: Services,
    tutor: Tutor,
    student: Actor,
    booking: Booking,
    // The folder lives as long as the test.
    _folder: tempfile::TempDir,
}

/// A lesson that is settled.
async fn settled(db: PgPool) -> Case {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("file://{}/files", folder.path().display());
    let services = testing::services_in(db, &[("STORAGE_URL", &address)], None);
    let (tutor, student) = (tutor(&services, "Tina").await, student(&services, "Sam").await);
    let booking = booked(&services, &student, &tutor, at_hour(4)).await;
    services.clock.show(Some(booking.end));
    sweep::run(&services).await.expect("settled");
    Case { services, tutor, student, booking, _folder: folder }
}

fn upload(name: &str, content: &[u8]) -> Upload {
    Upload { name: name.to_owned(), content: content.to_vec() }
}

fn png() -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(900, 300).write_to(&mut content, ImageFormat::Png).expect("an image");
    content.into_inner()
}

fn words(text: &str) -> Statement {
    Statement::parse(text).expect("a statement")
}

impl Case {
    async fn attach(&self, actor: &Actor, uploads: Vec<Upload>) -> services::Result<Vec<AttachmentId>> {
        let kept = dispute::attach(&self.services, actor, self.booking.id, uploads).await?;
        Ok(kept.into_iter().map(|file| file.id).collect())
    }

    async fn pdfs(&self, actor: &Actor, count: usize) -> Vec<AttachmentId> {
        self.attach(actor, vec![upload("a.pdf", PDF); count]).await.expect("kept")
    }

    async fn open(&self, files: &[AttachmentId]) -> services::Result<Dispute> {
        let (said, reason) = (words("Twenty minutes only."), Reason::CutShort);
        dispute::open(&self.services, &self.student, self.booking.id, reason, &said, files).await
    }

    async fn answer(
        &self,
        actor: &Actor,
        id: DisputeId,
        files: &[AttachmentId],
    ) -> services::Result<Dispute> {
        dispute::answer(&self.services, actor, id, &words("Look."), files).await
    }

    /// Reads a file by the link that a reader is given.
    async fn read(&self, reader: UserId, file: &Attachment, size: Size) -> services::Result<Vec<u8>> {
        let link = files::link(&self.services, Home::Dispute, reader, file.id, size).expect("a link");
        let (until, seal) = parts(&link);
        let opened = dispute::open_file(&self.services, file.id, size, reader, until, &seal).await;
        opened.map(|(_, content)| content)
    }

    async fn kept(&self) -> usize {
        self.services.storage.names().await.expect("names").len()
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
async fn both_attach_files_and_the_two_and_admins_read_them(db: PgPool) {
    let case = settled(db).await;
    let (sam, tina) = (case.student.user, case.tutor.actor.user);
    let files =
        case.attach(&case.student, vec![upload("../board.exe", &png()), upload("log.pdf", PDF)]).await;
    let opened = case.open(&files.expect("kept")).await.expect("opened");
    let theirs = case.pdfs(&case.tutor.actor, 1).await;
    let mut seen = case.answer(&case.tutor.actor, opened.id, &theirs).await.expect("said");
    // What came at one instant, as the clock of tests stands still, is in no order.
    seen.statements.iter_mut().for_each(|said| said.files.sort_by(|one, other| one.name.cmp(&other.name)));
    let names: Vec<Vec<_>> =
        seen.statements.iter().map(|said| said.files.iter().map(|file| &*file.name).collect()).collect();
    assert_eq!(names, [vec!["board.exe.png", "log.pdf"], vec!["a.pdf"]]);
    let board = &seen.statements[0].files[0];
    assert_eq!((&*board.content_type, board.width, board.height), ("image/png", Some(900), Some(300)));

    let admin = user(&case.services, "Ada", Role::Admin).await;
    let stranger = student(&case.services, "Olga").await;
    for file in seen.statements.iter().flat_map(|said| &said.files) {
        for reader in [sam, tina, admin.user] {
            let content = case.read(reader, file, Size::Whole).await.expect("the file");
            assert_eq!(i64::try_from(content.len()).ok(), Some(file.size));
        }
        assert_eq!(refused(case.read(stranger.user, file, Size::Whole).await).0, Code::NotFound);
    }
    let small = case.read(tina, board, Size::Thumbnail).await.expect("a thumbnail");
    let small = image::load_from_memory(&small).expect("an image");
    assert_eq!((small.width(), small.height()), (480, 160));

    // A link is its reader's own, for this file alone, and ends; one of a conversation's leads nowhere here.
    let (until, seal) =
        parts(&files::link(&case.services, Home::Dispute, sam, board.id, Size::Whole).expect("a link"));
    let (_, of_chat) =
        parts(&files::link(&case.services, Home::Chat, sam, board.id, Size::Whole).expect("a link"));
    let log = seen.statements[0].files[1].id;
    for (id, reader, until, seal) in [
        (board.id, tina, until, &seal),
        (log, sam, until, &seal),
        (chance::id(), sam, until, &seal),
        (board.id, sam, until + 3600, &seal),
        (board.id, sam, until, &of_chat),
        (board.id, sam, until, &String::new()),
    ] {
        let answer = dispute::open_file(&case.services, id, Size::Whole, reader, until, seal).await;
        assert_eq!(refused(answer).0, Code::NotFound, "{reader} {until} {seal}");
    }
    dispute::decide(&case.services, &admin, opened.id, Outcome::None, None, "No.", None)
        .await
        .expect("decided");
    case.read(tina, board, Size::Whole).await.expect("it stays with the record");
    execute(&case.services, "UPDATE users SET deleted_at = created_at WHERE role = 'admin'").await;
    let removed = case.read(admin.user, board, Size::Whole).await;
    assert_eq!(refused(removed).0, Code::NotFound, "who is gone reads nothing");
    case.services.clock.show(Some(case.booking.end + TimeDelta::hours(2)));
    let late = dispute::open_file(&case.services, board.id, Size::Whole, sam, until, &seal).await;
    assert_eq!(refused(late).0, Code::LinkExpired);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_evidence_leaves_nothing(db: PgPool) {
    let case = settled(db).await;
    let admin = user(&case.services, "Ada", Role::Admin).await;
    let stranger = student(&case.services, "Olga").await;
    let attach = async |actor: &Actor, uploads| refused(case.attach(actor, uploads).await);
    let mut large = PDF.to_vec();
    large.resize(MAX_FILE + 1, b' ');
    let invalid = Code::InvalidRequest;
    for (actor, uploads, code, key) in [
        (&stranger, vec![upload("a.pdf", PDF)], Code::BookingNotFound, "booking_not_found"),
        (&admin, vec![upload("a.pdf", PDF)], Code::InsufficientPermissions, "forbidden"),
        (&case.student, vec![upload("a.pdf", &large)], Code::PayloadTooLarge, "file_too_large"),
        (&case.student, vec![upload("a.png", b"<script>")], invalid, "attachment_kind"),
        (&case.student, vec![upload("a.pdf", b"")], invalid, "attachment_kind"),
        (&case.student, vec![upload("a.pdf", PDF), upload("a.exe", b"MZ")], invalid, "attachment_kind"),
        (&case.student, vec![upload("a.pdf", PDF); MAX_FILES + 1], invalid, "evidence_many"),
    ] {
        assert_eq!(attach(actor, uploads).await, (code, key.to_owned()));
    }
    assert_eq!(case.kept().await, 0);
    execute(&case.services, "INSERT INTO settings (name, value) VALUES ('chat_files_mb', '0')").await;
    let full = attach(&case.student, vec![upload("a.pdf", PDF)]).await;
    assert_eq!(full, (Code::PayloadTooLarge, "evidence_full".into()));
    execute(&case.services, "DELETE FROM settings").await;

    // Before the outcome, after the window, and after the decision.
    let soon = booked(&case.services, &case.student, &case.tutor, at_hour(7)).await;
    let early = dispute::attach(&case.services, &case.student, soon.id, vec![upload("a.pdf", PDF)]).await;
    assert_eq!(refused(early).1, "dispute_not_settled");
    let opened = case.open(&[]).await.expect("opened");
    case.services.clock.show(Some(case.booking.end + TimeDelta::hours(73)));
    let late = case.pdfs(&case.tutor.actor, 1).await;
    dispute::decide(&case.services, &admin, opened.id, Outcome::None, None, "No.", None)
        .await
        .expect("decided");
    assert_eq!(refused(case.answer(&case.tutor.actor, opened.id, &late).await).1, "dispute_decided");
    assert_eq!(attach(&case.tutor.actor, vec![upload("a.pdf", PDF)]).await.1, "dispute_window");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_statement_takes_one_s_own_files_of_the_lesson_once_and_ten_at_most(db: PgPool) {
    let case = settled(db).await;
    let opened = case.open(&[]).await.expect("opened");
    let (sam, tina) = (&case.student, &case.tutor.actor);
    let theirs = case.pdfs(tina, 1).await;
    let own = case.pdfs(sam, MAX_FILES).await;
    let too_many: Vec<_> = [&own[..], &[chance::id()]].concat();
    for (files, key) in [
        (&theirs[..], "attachments"),
        (&[own[0], own[0]], "attachments"),
        (&[chance::id()], "attachments"),
        (&too_many, "evidence_many"),
    ] {
        let answer = refused(case.answer(sam, opened.id, files).await);
        assert_eq!(answer, (Code::InvalidRequest, key.to_owned()));
    }
    let found = dispute::find(&case.services, sam, opened.id).await.expect("the dispute");
    assert_eq!(found.statements.len(), 1, "refused files add no statement");
    case.answer(sam, opened.id, &own[..MAX_FILES - 1]).await.expect("said");
    assert_eq!(refused(case.answer(sam, opened.id, &own[..1]).await).1, "attachments", "it was taken");

    // Of two statements at once that would have one file too many together, one is said.
    let more = case.pdfs(sam, 1).await;
    let (one, other) =
        tokio::join!(case.answer(sam, opened.id, &own[MAX_FILES - 1..]), case.answer(sam, opened.id, &more));
    let taken = usize::from(one.is_ok()) + usize::from(other.is_ok());
    assert_eq!(taken, 1);
    let lost = if one.is_ok() { other } else { one };
    assert_eq!(refused(lost).1, "evidence_many");
    assert_eq!(refused(case.attach(sam, vec![upload("a.pdf", PDF)]).await).1, "evidence_many");
    case.answer(tina, opened.id, &theirs).await.expect("the bound is each one's own");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_no_statement_took_is_removed_also_after_a_crash(db: PgPool) {
    let case = settled(db).await;
    let sam = &case.student;
    let said = case.attach(sam, vec![upload("board.png", &png())]).await.expect("kept");
    case.pdfs(sam, 1).await;
    // Killed between the file and the mark that it is there.
    let half = case.pdfs(sam, 1).await;
    sqlx::query("UPDATE dispute_files SET stored_at = NULL WHERE id = $1")
        .bind(half[0].0)
        .execute(&case.services.db)
        .await
        .expect("as a crash leaves it");
    assert_eq!(refused(case.open(&half).await).1, "attachments");
    let opened = case.open(&said).await.expect("opened");
    assert_eq!(case.kept().await, 4);
    let since = case.booking.end;
    case.services.clock.show(Some(since + TimeDelta::hours(25) - TimeDelta::seconds(1)));
    assert_eq!(sweep::run(&case.services).await.expect("swept").uploads_removed, 0);
    case.services.clock.show(Some(since + TimeDelta::hours(25)));
    assert_eq!(sweep::run(&case.services).await.expect("swept").uploads_removed, 2);
    assert_eq!(case.kept().await, 2);
    let file = &opened.statements[0].files[0];
    case.read(case.tutor.actor.user, file, Size::Whole).await.expect("what was said stays");
}
