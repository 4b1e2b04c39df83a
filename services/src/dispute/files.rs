//! Files of statements: kept until a statement takes them, and read by links. What a statement has stays with the record.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Code, Refusal,
    dispute::MAX_FILES,
    ids::{AttachmentId, BookingId, DisputeId, UserId},
};
use sqlx::PgConnection;

use super::{claims, file_store, own_party, store};
use crate::{
    Actor, Result, Services, booking,
    files::{self, Asked, Attachment, Home, Size, Upload, waits_since},
};

/// Keeps files that a statement about the lesson may take within a day, as one of its two parties: in the dispute that
/// is open, or with the one that it opens.
///
/// # Errors
/// `RATE_LIMITED` above 60 files of a person in an hour; `BOOKING_NOT_FOUND` for others, `INSUFFICIENT_PERMISSIONS` for an
/// admin; as `open` where no dispute is open and none can be opened; on `file` `INVALID_REQUEST` (`evidence_many`) where
/// the person would have more than [`MAX_FILES`] in the dispute, `PAYLOAD_TOO_LARGE` above 10 MB (`file_too_large`) and
/// where all evidence of the person would take more room than the setting `chat_files_mb` (`evidence_full`),
/// `INVALID_REQUEST` (`attachment_kind`) for what is no JPEG, PNG or WebP image and no PDF.
pub async fn attach(
    services: &Services,
    actor: &Actor,
    booking: BookingId,
    uploads: Vec<Upload>,
) -> Result<Vec<Attachment>> {
    fits(0, uploads.len(), "file")?;
    for _ in &uploads {
        files::count(services, actor).await?;
    }
    may_attach(services, actor, booking, uploads.len()).await?;
    // All are looked at before one is kept: what is refused leaves nothing.
    let mut taken = Vec::new();
    for upload in uploads {
        taken.push(files::take(upload).await?);
    }
    let mut kept = Vec::new();
    for (place, (attachment, content)) in (0..).zip(taken) {
        // Files are listed by their time: those of one form stay in its order.
        let now = services.clock.now() + TimeDelta::microseconds(place);
        let mut tx = files::begin(services, Home::Dispute, actor.user, attachment.size).await?;
        file_store::insert(&mut tx, booking, actor.user, &attachment, now).await?;
        files::finish(services, tx, Home::Dispute, attachment.id, content).await?;
        kept.push(attachment);
    }
    Ok(kept)
}

/// Whether a person may attach so many files. Whether a statement takes them is decided anew.
async fn may_attach(services: &Services, actor: &Actor, id: BookingId, more: usize) -> Result<()> {
    let now = services.clock.now();
    let mut db = services.db.acquire().await?;
    let found = booking::read(&mut db, id, now).await?.ok_or_else(booking::not_found)?;
    own_party(actor, &found, booking::not_found)?;
    let taken = match store::find_open(&mut db, id).await? {
        Some((dispute, _)) => file_store::count(&mut db, dispute, actor.user).await?,
        None => {
            claims::way(&mut db, &found.booking, actor.user, now).await??;
            0
        }
    };
    fits(taken, more, "file")
}

/// Whether a person with so many files in a dispute may have more.
fn fits(taken: i64, more: usize, field: &'static str) -> Result<()> {
    if usize::try_from(taken).unwrap_or(usize::MAX).saturating_add(more) > MAX_FILES {
        return Err(Refusal::on(Code::InvalidRequest, "evidence_many", field).into());
    }
    Ok(())
}

/// Whose statement takes files.
pub(super) struct Taker {
    pub booking: BookingId,
    pub dispute: DisputeId,
    pub author: UserId,
    pub statement: i64,
}

/// Gives a statement its files. The lesson is locked.
///
/// # Errors
/// `INVALID_REQUEST` on `attachments` for more than the person may have in the dispute (`evidence_many`), and for a file
/// that is not theirs, was taken, or is too old (`attachments`).
pub(super) async fn give(
    tx: &mut PgConnection,
    to: &Taker,
    ids: &[AttachmentId],
    now: DateTime<Utc>,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    fits(file_store::count(tx, to.dispute, to.author).await?, ids.len(), "attachments")?;
    if file_store::take(tx, to, ids, waits_since(now)).await? {
        return Ok(());
    }
    Err(Refusal::on(Code::InvalidRequest, "attachments", "attachments").into())
}

/// A file with its content, for whom its link was made: one of the two of the lesson, or an admin.
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
    let asked = Asked { home: Home::Dispute, id, size, reader, until };
    files::open(services, &asked, seal, async |db| file_store::find(db, id, reader).await).await
}
