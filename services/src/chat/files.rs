//! Files of messages: what an upload becomes, and how it is kept until a message takes it.

use std::io::Cursor;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    ids::{AttachmentId, ThreadId, UserId},
};
use image::{DynamicImage, imageops::FilterType};
use tokio::task::spawn_blocking;

use super::{links, not_found, own, safety, store};
use crate::{Actor, AppError, Result, Services, chance, limit, settings, tutor::photo};

/// A file has at most this many bytes.
pub const MAX_FILE: usize = 10 * 1024 * 1024;

/// Bytes of a megabyte.
const MEGABYTE: i64 = 1024 * 1024;

/// A message has at most this many files.
pub const MOST_FILES: usize = 10;

/// The longest side of an image that is kept, and of its thumbnail, pixels.
const SIDE: u32 = 2560;
const THUMBNAIL: u32 = 480;

/// How long an upload waits for its message.
const WAITS: TimeDelta = TimeDelta::hours(24);

/// After this an upload that no message took is removed: an hour later than a message could have taken it.
const KEPT: TimeDelta = TimeDelta::hours(25);

/// The longest name that is kept, characters.
const LONGEST_NAME: usize = 120;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// As its sender called it.
    pub name: String,
    /// `image/jpeg` or `application/pdf`.
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

/// How many files a person may keep in an hour: more than anybody teaches with, far less than fills a disk unnoticed.
const FILES_PER_HOUR: i32 = 60;

/// What is kept of an upload.
struct Kept {
    content: Vec<u8>,
    content_type: &'static str,
    /// Of an image: its thumbnail and its sides.
    image: Option<(Vec<u8>, u32, u32)>,
}

/// Keeps a file that a message of the thread may take within a day: a JPEG, PNG or WebP image, which is written anew
/// without its metadata, or a PDF. What it is, its content says.
///
/// # Errors
/// `RATE_LIMITED` above [`FILES_PER_HOUR`], `NOT_FOUND` for a thread of others, `INSUFFICIENT_PERMISSIONS` for who may
/// not send there, `PAYLOAD_TOO_LARGE` above 10 MB and (`files_full`) where all files of the person would take more than
/// the setting `chat_files_mb`, `INVALID_REQUEST` (`attachment_kind`) on `file` for anything else.
pub async fn upload(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    name: &str,
    content: Vec<u8>,
) -> Result<Attachment> {
    limit::count(services, &format!("file:{}", actor.user), FILES_PER_HOUR).await?;
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, thread).await?)?;
    safety::may_write(&mut db, actor, thread).await?;
    drop(db);
    if content.len() > MAX_FILE {
        return Err(Refusal::on(Code::PayloadTooLarge, "too_large", "file").into());
    }
    let permit = photo::GATE.acquire().await.map_err(AppError::fault)?;
    // The place is held until the decoder is done, even where nobody waits for it any more. One that panics has met
    // garbage as well.
    let decoding = spawn_blocking(move || {
        let _permit = permit;
        read(content)
    });
    let kept = decoding.await.unwrap_or(None).ok_or(refusal())?;
    let side = |side: u32| i32::try_from(side).map_err(AppError::fault);
    let (width, height) = match &kept.image {
        Some((_, width, height)) => (Some(side(*width)?), Some(side(*height)?)),
        None => (None, None),
    };
    let attachment = Attachment {
        id: chance::id(),
        name: plain_name(name),
        content_type: kept.content_type.to_owned(),
        size: i64::try_from(kept.content.len()).map_err(AppError::fault)?,
        width,
        height,
    };
    keep(services, actor, thread, &attachment, kept).await?;
    Ok(attachment)
}

/// The row first, then the files, then the mark that they are there: whoever is killed in between leaves a row that is
/// removed with whatever is there of its files.
async fn keep(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    attachment: &Attachment,
    kept: Kept,
) -> Result<()> {
    let now = services.clock.now();
    let mut tx = services.db.begin().await?;
    store::lock_owner(&mut tx, actor.user).await?;
    let room = settings::load(&mut tx).await?.chat_files_mb.saturating_mul(MEGABYTE);
    if store::sum_sizes(&mut tx, actor.user).await?.saturating_add(attachment.size) > room {
        return Err(Refusal::on(Code::PayloadTooLarge, "files_full", "file").into());
    }
    store::insert_attachment(&mut tx, thread, actor.user, attachment, now).await?;
    tx.commit().await?;
    if let Some((thumbnail, ..)) = kept.image {
        services.storage.put(&file(attachment.id, Size::Thumbnail), thumbnail).await?;
    }
    services.storage.put(&file(attachment.id, Size::Whole), kept.content).await?;
    let mut db = services.db.acquire().await?;
    store::set_stored(&mut db, attachment.id, now).await
}

/// Which of the files of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As it was sent.
    Whole,
    /// Small, for images.
    Thumbnail,
}

/// The name of a file in the store.
fn file(id: AttachmentId, size: Size) -> String {
    match size {
        Size::Whole => format!("chat/{id}"),
        Size::Thumbnail => format!("chat/{id}.small"),
    }
}

fn read(content: Vec<u8>) -> Option<Kept> {
    if content.starts_with(b"%PDF-") {
        return Some(Kept { content, content_type: "application/pdf", image: None });
    }
    let image = photo::read(&content)?;
    let whole = photo::encode(&photo::on_white(&fitted(&image, SIDE)))?;
    let small = photo::encode(&photo::on_white(&fitted(&image, THUMBNAIL)))?;
    let (width, height) = sides(&whole)?;
    Some(Kept { content: whole, content_type: "image/jpeg", image: Some((small, width, height)) })
}

/// The image, made smaller where a side is longer than that.
fn fitted(image: &DynamicImage, side: u32) -> DynamicImage {
    if image.width() <= side && image.height() <= side {
        return image.clone();
    }
    image.resize(side, side, FilterType::Triangle)
}

fn sides(jpeg: &[u8]) -> Option<(u32, u32)> {
    image::ImageReader::new(Cursor::new(jpeg)).with_guessed_format().ok()?.into_dimensions().ok()
}

/// A name without folders and signs that are not seen.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let plain: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).take(LONGEST_NAME).collect();
    let plain = plain.trim();
    if plain.is_empty() { "file".to_owned() } else { plain.to_owned() }
}

const fn refusal() -> Refusal {
    Refusal::on(Code::InvalidRequest, "attachment_kind", "file")
}

/// From when on an upload can be taken by a message that is sent now.
pub(super) fn waits_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - WAITS
}

/// A file with its content, for whom its link was made: one of the two, while the message is not removed.
///
/// # Errors
/// `NOT_FOUND` for a link that is not ours and for a file that is not there (any more), `LINK_EXPIRED`.
pub async fn open(
    services: &Services,
    id: AttachmentId,
    size: Size,
    reader: UserId,
    until: i64,
    seal: &str,
) -> Result<(Attachment, Vec<u8>)> {
    links::check(services, id, size, reader, until, seal)?;
    let mut db = services.db.acquire().await?;
    let attachment = store::find_attachment(&mut db, id, reader).await?.ok_or_else(not_found)?;
    drop(db);
    let content = services.storage.get(&file(id, size)).await?.ok_or_else(not_found)?;
    Ok((attachment, content))
}

/// Removes the uploads that no message took, with their files; how many. A store that does not answer is logged and
/// asked again by the next sweep: lessons and money do not wait for it.
///
/// # Errors
/// Where the database cannot be written.
pub(crate) async fn sweep(services: &Services) -> Result<u64> {
    let before = services.clock.now() - KEPT;
    let mut db = services.db.acquire().await?;
    let loose = store::list_loose(&mut db, before).await?;
    drop(db);
    let mut removed = 0;
    for id in &loose {
        // The files first: a row that stays is found again.
        if let Err(error) = delete_files(services, *id).await {
            tracing::error!(attachment = %id, %error, "cannot delete the files of an upload");
            break;
        }
        let mut db = services.db.acquire().await?;
        store::delete_loose(&mut db, *id).await?;
        removed += 1;
    }
    Ok(removed)
}

async fn delete_files(services: &Services, id: AttachmentId) -> Result<()> {
    services.storage.delete(&file(id, Size::Thumbnail)).await?;
    services.storage.delete(&file(id, Size::Whole)).await
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
}
