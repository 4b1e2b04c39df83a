//! Photos of tutors: read with care, kept small and without metadata.

use domain::{Code, Refusal, ids::TutorId};
use image::{DynamicImage, RgbImage, imageops::FilterType};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use super::{TutorView, found, store, view};
use crate::{
    Actor, AppError, Result, Services,
    files::picture::{GATE, encode, on_white, read},
};

/// An upload has at most this many bytes.
pub const MAX_UPLOAD: usize = 10 * 1024 * 1024;

/// The side of a kept photo in pixels.
pub(crate) const SIDE: u32 = 400;

/// Normalises and keeps a photo: JPEG, PNG or WebP of at most 10 MB becomes 400 × 400, upright, without metadata.
///
/// # Errors
/// `INVALID_REQUEST` on `photo` for anything that is no such image, `INSUFFICIENT_PERMISSIONS`,
/// `PROFILE_NOT_FOUND`.
pub async fn set_photo(
    services: &Services,
    actor: &Actor,
    tutor: TutorId,
    upload: &[u8],
) -> Result<TutorView> {
    actor.require_tutor(tutor)?;
    if upload.len() > MAX_UPLOAD {
        return Err(refusal().into());
    }
    let upload = upload.to_vec();
    let permit = GATE.acquire().await.map_err(AppError::fault)?;
    // The place is held until the decoder is done, even where nobody waits for it any more. One that panics has met
    // garbage as well.
    let decoding = spawn_blocking(move || {
        let _permit = permit;
        normalise(&upload)
    });
    let photo = decoding.await.unwrap_or_else(|_| Err(refusal()))?;
    let mut tx = services.begin().await?;
    found(store::set_photo(&mut tx, tutor, &photo, &version(&photo), services.clock.now()).await?)?;
    let view = view(services, &mut tx, tutor).await?;
    tx.commit().await?;
    Ok(view)
}

/// The photo as JPEG with its version, `None` where there is none.
///
/// # Errors
/// Where the database cannot be read.
pub async fn photo(services: &Services, tutor: TutorId) -> Result<Option<(Vec<u8>, String)>> {
    store::find_photo(&services.db, tutor).await
}

/// The version of a photo: the beginning of its hash.
pub(crate) fn version(photo: &[u8]) -> String {
    Sha256::digest(photo)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

const fn refusal() -> Refusal {
    Refusal::on(Code::InvalidRequest, "photo", "photo")
}

fn normalise(upload: &[u8]) -> Result<Vec<u8>, Refusal> {
    let photo = square(read(upload).ok_or(refusal())?);
    encode(&photo).ok_or(refusal())
}

/// The middle of an image, [`SIDE`] × [`SIDE`], on white where it is transparent.
fn square(image: DynamicImage) -> RgbImage {
    let side = image.width().min(image.height());
    let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
    on_white(&image.crop_imm(left, top, side, side).resize_exact(SIDE, SIDE, FilterType::Triangle))
}
