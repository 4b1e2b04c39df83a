//! Files of people: what an upload becomes, where it is kept, and the links under which it is read. What a file belongs
//! to has the rows. The row comes first, then the file, then the mark that it is there: whoever is killed in between
//! leaves a row that is removed with whatever is there of its file.

mod links;
pub(crate) mod picture;
mod store;

use std::{borrow::Cow, io::Cursor};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    ids::{AttachmentId, UserId},
};
use image::{DynamicImage, imageops::FilterType};
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::task::spawn_blocking;

use crate::{Actor, AppError, Result, Services, account, chance, limit, settings};

pub use links::link;
pub(crate) use links::{Asked, check_seal, ends, sealed};

/// A file has at most this many bytes.
pub const MAX_FILE: usize = 10 * 1024 * 1024;

/// Bytes of a megabyte.
const MEGABYTE: i64 = 1024 * 1024;

/// The longest side of an image that is kept as JPEG, and of its thumbnail, pixels.
const SIDE: u32 = 2560;
const THUMBNAIL: u32 = 480;

/// How long an upload waits for what it belongs to.
const WAITS: TimeDelta = TimeDelta::hours(24);

/// After this an upload that nothing took is removed: an hour later than it could have been taken.
const KEPT: TimeDelta = TimeDelta::hours(25);

/// A PNG of at most so many pixels keeps each of them: more than a screen has, and than what a browser pictures of a
/// long page.
const SCREEN: u64 = 16_000_000;

/// What files are called among types.
const PDF: &str = "application/pdf";
const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";

/// How the names of images end that are read.
const IMAGES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// The longest name that is kept, characters.
const LONGEST_NAME: usize = 120;

/// How many files a person may keep in an hour: more than anybody teaches with, far less than fills a disk unnoticed.
const FILES_PER_HOUR: i32 = 60;

/// What files belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Messages.
    Chat,
    /// Statements in disputes.
    Dispute,
}

impl Home {
    const ALL: [Home; 2] = [Home::Chat, Home::Dispute];

    /// Under which address they are read.
    const fn address(self) -> &'static str {
        match self {
            Home::Chat => "files",
            Home::Dispute => "evidence",
        }
    }

    /// What seals of links say of them.
    const fn sealed(self) -> &'static str {
        match self {
            Home::Chat => "file",
            Home::Dispute => "evidence",
        }
    }

    /// Where they are in the store.
    const fn folder(self) -> &'static str {
        match self {
            Home::Chat => "chat",
            Home::Dispute => "disputes",
        }
    }

    /// What is said where they take all the room that there is for one person.
    const fn full(self) -> &'static str {
        match self {
            Home::Chat => "files_full",
            Home::Dispute => "evidence_full",
        }
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// As its sender called it.
    pub name: String,
    /// `image/jpeg`, `image/png` or `application/pdf`.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// Of an image, pixels.
    pub width: Option<i32>,
    /// Of an image, pixels.
    pub height: Option<i32>,
}

impl Attachment {
    /// Whether there is a picture of it.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.width.is_some()
    }
}

/// A file as a person sends it.
#[derive(Clone, Debug)]
pub struct Upload {
    /// As it is called there.
    pub name: String,
    /// All of it.
    pub content: Vec<u8>,
}

/// What is kept of an upload.
pub(crate) struct Kept {
    content: Vec<u8>,
    content_type: &'static str,
    /// Of an image: its thumbnail and its sides.
    image: Option<(Vec<u8>, u32, u32)>,
}

/// Counts an upload of a person.
///
/// # Errors
/// `RATE_LIMITED` above [`FILES_PER_HOUR`].
pub(crate) async fn count(services: &Services, actor: &Actor) -> Result<()> {
    limit::count(services, &format!("file:{}", actor.user), FILES_PER_HOUR).await
}

/// What an upload becomes: a JPEG, PNG or WebP image is written anew without its metadata, a PNG as PNG and the others as
/// JPEG; a PDF is kept as it is. What it is, its content says.
///
/// # Errors
/// On `file`: `PAYLOAD_TOO_LARGE` (`file_too_large`) above 10 MB, `INVALID_REQUEST` (`attachment_kind`) for anything else.
pub(crate) async fn take(upload: Upload) -> Result<(Attachment, Kept)> {
    let Upload { name, content } = upload;
    if content.len() > MAX_FILE {
        return Err(Refusal::on(Code::PayloadTooLarge, "file_too_large", "file").into());
    }
    let permit = picture::GATE.acquire().await.map_err(AppError::fault)?;
    // The place is held until the decoder is done, even where nobody waits for it any more. One that panics has met
    // garbage as well.
    let decoding = spawn_blocking(move || {
        let _permit = permit;
        read(content)
    });
    let refusal = Refusal::on(Code::InvalidRequest, "attachment_kind", "file");
    let kept = decoding.await.unwrap_or(None).ok_or(refusal)?;
    let side = |side: u32| i32::try_from(side).map_err(AppError::fault);
    let (width, height) = match &kept.image {
        Some((_, width, height)) => (Some(side(*width)?), Some(side(*height)?)),
        None => (None, None),
    };
    let attachment = Attachment {
        id: chance::id(),
        name: named(&name, kept.content_type),
        content_type: kept.content_type.to_owned(),
        size: i64::try_from(kept.content.len()).map_err(AppError::fault)?,
        width,
        height,
    };
    Ok((attachment, kept))
}

/// A transaction in which the row of a file can be written: there is room for it among what its person keeps there.
///
/// # Errors
/// `PAYLOAD_TOO_LARGE` on `file` where all files of the person there would take more than the setting `chat_files_mb`.
pub(crate) async fn begin(
    services: &Services,
    home: Home,
    owner: UserId,
    size: i64,
) -> Result<Transaction<'static, Postgres>> {
    let mut tx = services.begin().await?;
    account::lock(&mut tx, owner).await?;
    let room = settings::load(&mut tx).await?.chat_files_mb.saturating_mul(MEGABYTE);
    if store::sum_sizes(&mut tx, home, owner).await?.saturating_add(size) > room {
        return Err(Refusal::on(Code::PayloadTooLarge, home.full(), "file").into());
    }
    Ok(tx)
}

/// Ends the transaction that wrote the row of a file, keeps the file, and marks that it is there.
///
/// # Errors
/// Where the store or the database cannot be written.
pub(crate) async fn finish(
    services: &Services,
    tx: Transaction<'static, Postgres>,
    home: Home,
    id: AttachmentId,
    kept: Kept,
) -> Result<()> {
    tx.commit().await?;
    if let Some((thumbnail, ..)) = kept.image {
        services.storage.put(&file(home, id, Size::Thumbnail), thumbnail).await?;
    }
    services.storage.put(&file(home, id, Size::Whole), kept.content).await?;
    let mut db = services.db.acquire().await?;
    store::set_stored(&mut db, home, id, services.clock.now()).await
}

/// Which of the files of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As it was sent.
    Whole,
    /// Small, for images; always JPEG.
    Thumbnail,
}

/// The name of a file in the store.
fn file(home: Home, id: AttachmentId, size: Size) -> String {
    let folder = home.folder();
    match size {
        Size::Whole => format!("{folder}/{id}"),
        Size::Thumbnail => format!("{folder}/{id}.small"),
    }
}

/// The content of the whole file; `None` where there is none.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn whole(services: &Services, home: Home, id: AttachmentId) -> Result<Option<Vec<u8>>> {
    services.storage.get(&file(home, id, Size::Whole)).await
}

/// A file with its content, for whom its link was made. What it belongs to finds it, where that person may see it.
///
/// # Errors
/// `NOT_FOUND` for a link that is not ours and for a file that is not there (any more), `LINK_EXPIRED`.
pub(crate) async fn open(
    services: &Services,
    asked: &Asked,
    seal: &str,
    find: impl AsyncFnOnce(&mut PgConnection) -> Result<Option<Attachment>>,
) -> Result<(Attachment, Vec<u8>)> {
    links::check(services, asked, seal)?;
    let mut db = services.db.acquire().await?;
    let attachment = find(&mut db).await?.ok_or_else(not_found)?;
    drop(db);
    let content = services.storage.get(&file(asked.home, asked.id, asked.size)).await?;
    let content = content.ok_or_else(not_found)?;
    Ok(match asked.size {
        Size::Whole => (attachment, content),
        Size::Thumbnail => (thumbnail_of(attachment), content),
    })
}

/// What is told of the thumbnail of an image.
fn thumbnail_of(image: Attachment) -> Attachment {
    Attachment { name: named(&image.name, JPEG), content_type: JPEG.to_owned(), ..image }
}

fn not_found() -> AppError {
    Refusal::new(Code::NotFound, "not_found").into()
}

fn read(content: Vec<u8>) -> Option<Kept> {
    if content.starts_with(b"%PDF-") {
        return Some(Kept { content, content_type: PDF, image: None });
    }
    let image = picture::read(&content)?;
    let exact = picture::is_png(&content).then(|| picture::encode_png(&screenshot(&image))).flatten();
    // One that would take more room than any upload is a photo, which JPEG suits better.
    let (whole, content_type) = match exact.filter(|png| png.len() <= MAX_FILE) {
        Some(png) => (png, PNG),
        None => (picture::encode(&picture::on_white(&fitted(&image, SIDE)))?, JPEG),
    };
    let small = picture::encode(&picture::on_white(&fitted(&image, THUMBNAIL)))?;
    let (width, height) = sides(&whole)?;
    Some(Kept { content: whole, content_type, image: Some((small, width, height)) })
}

/// The image as a PNG is kept: what people picture of their screens stays as sharp as it was.
fn screenshot(image: &DynamicImage) -> Cow<'_, DynamicImage> {
    let pixels = u64::from(image.width()) * u64::from(image.height());
    if pixels <= SCREEN { Cow::Borrowed(image) } else { Cow::Owned(fitted(image, SIDE)) }
}

/// The image, made smaller where a side is longer than that.
fn fitted(image: &DynamicImage, side: u32) -> DynamicImage {
    if image.width() <= side && image.height() <= side {
        return image.clone();
    }
    image.resize(side, side, FilterType::Triangle)
}

fn sides(image: &[u8]) -> Option<(u32, u32)> {
    image::ImageReader::new(Cursor::new(image)).with_guessed_format().ok()?.into_dimensions().ok()
}

/// A name without folders and signs that are not seen.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let plain: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).take(LONGEST_NAME).collect();
    let plain = plain.trim();
    if plain.is_empty() { "file".to_owned() } else { plain.to_owned() }
}

/// A file's name with an ending that says what the file is, and no more: who saves and opens it does not run it. The
/// ending of an image that has become one of another kind makes room for it.
fn named(name: &str, content_type: &str) -> String {
    let endings: &[&str] = match content_type {
        PDF => &["pdf"],
        PNG => &["png"],
        _ => &["jpg", "jpeg"],
    };
    let plain = plain_name(name);
    let (stem, own) = plain.rsplit_once('.').unwrap_or((&*plain, ""));
    let is_one_of = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(own));
    if is_one_of(endings) {
        return plain;
    }
    let stem = if content_type != PDF && is_one_of(&IMAGES) { stem } else { &*plain };
    let added = format!(".{}", endings[0]);
    stem.chars().take(LONGEST_NAME - added.len()).chain(added.chars()).collect()
}

/// From when on an upload can be taken now.
pub(crate) fn waits_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - WAITS
}

/// Removes the uploads that nothing took, with their files; how many. A store that does not answer is logged and
/// asked again by the next sweep: lessons and money do not wait for it.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn sweep(services: &Services) -> Result<u64> {
    let before = services.clock.now() - KEPT;
    let mut removed = 0;
    for home in Home::ALL {
        let mut db = services.db.acquire().await?;
        let loose = store::list_loose(&mut db, home, before).await?;
        drop(db);
        for id in loose {
            // The files first: a row that stays is found again.
            if let Err(error) = delete(services, home, id).await {
                tracing::error!(attachment = %id, %error, "cannot delete the files of an upload");
                return Ok(removed);
            }
            let mut db = services.db.acquire().await?;
            store::delete_loose(&mut db, home, id).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

async fn delete(services: &Services, home: Home, id: AttachmentId) -> Result<()> {
    services.storage.delete(&file(home, id, Size::Thumbnail)).await?;
    services.storage.delete(&file(home, id, Size::Whole)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (name, expected) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\notes.pdf", "notes.pdf"),
            ("a\u{202e}fdp.exe", "afdp.exe"),
            ("\u{0}\n", "file"),
            ("", "file"),
            (" été.pdf ", "été.pdf"),
        ] {
            assert_eq!(plain_name(name), expected, "{name:?}");
        }
        assert_eq!(plain_name(&"é".repeat(500)).chars().count(), LONGEST_NAME);
    }

    #[test]
    fn names_end_as_what_they_name() {
        for (name, content_type, expected) in [
            ("notes.pdf", PDF, "notes.pdf"),
            ("NOTES.PDF", PDF, "NOTES.PDF"),
            ("protocol.html", PDF, "protocol.html.pdf"),
            ("run.pdf.", PDF, "run.pdf..pdf"),
            ("board.jpg", JPEG, "board.jpg"),
            ("board.JPEG", JPEG, "board.JPEG"),
            ("board.webp", JPEG, "board.jpg"),
            ("board.png", JPEG, "board.jpg"),
            ("board.exe", JPEG, "board.exe.jpg"),
            ("board", JPEG, "board.jpg"),
            ("board.png", PNG, "board.png"),
            ("board.jpg", PNG, "board.png"),
            ("board.pdf", PNG, "board.pdf.png"),
            ("png", PNG, "png.png"),
        ] {
            assert_eq!(named(name, content_type), expected, "{name:?}");
        }
        let long = named(&"é".repeat(500), PDF);
        assert_eq!((long.chars().count(), long.ends_with(".pdf")), (LONGEST_NAME, true));
    }

    #[test]
    fn a_screen_is_kept_pixel_for_pixel() {
        for (width, height, kept) in
            [(3840, 2160, (3840, 2160)), (1280, 12_500, (1280, 12_500)), (8001, 2000, (2560, 640))]
        {
            let image = screenshot(&DynamicImage::new_luma8(width, height)).into_owned();
            assert_eq!((image.width(), image.height()), kept);
        }
    }
}
