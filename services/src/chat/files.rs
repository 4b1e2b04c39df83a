//! Files of messages: kept until a message takes them, and read by links.

use domain::ids::{AttachmentId, ThreadId, UserId};

use super::{own, safety, store};
use crate::{
    Actor, Result, Services,
    files::{self, Asked, Attachment, Home, Size, Upload},
};

/// A message has at most this many files.
pub const MOST_FILES: usize = 10;

/// Keeps a file that a message of the thread may take within a day: a JPEG, PNG or WebP image, which is written anew
/// without its metadata, or a PDF. What it is, its content says.
///
/// # Errors
/// `RATE_LIMITED` above 60 files of a person in an hour, `NOT_FOUND` for a thread of others, `INSUFFICIENT_PERMISSIONS`
/// for who may not send there, `PAYLOAD_TOO_LARGE` above 10 MB and (`files_full`) where all files of the person would
/// take more than the setting `chat_files_mb`, `INVALID_REQUEST` (`attachment_kind`) on `file` for anything else.
pub async fn upload(
    services: &Services,
    actor: &Actor,
    thread: ThreadId,
    name: &str,
    content: Vec<u8>,
) -> Result<Attachment> {
    files::count(services, actor).await?;
    let mut db = services.db.acquire().await?;
    own(actor, store::find(&mut db, thread).await?)?;
    safety::may_write(&mut db, actor, thread).await?;
    drop(db);
    let (attachment, kept) = files::take(Upload { name: name.to_owned(), content }).await?;
    let mut tx = files::begin(services, Home::Chat, actor.user, attachment.size).await?;
    store::insert_attachment(&mut tx, thread, actor.user, &attachment, services.clock.now()).await?;
    files::finish(services, tx, Home::Chat, attachment.id, kept).await?;
    Ok(attachment)
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
    let asked = Asked { home: Home::Chat, id, size, reader, until };
    files::open(services, &asked, seal, async |db| store::find_attachment(db, id, reader).await).await
}
