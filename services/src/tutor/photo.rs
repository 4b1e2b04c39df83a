//! Photos of tutors: read with care, kept small and without metadata.

use std::io::Cursor;

use domain::{Code, Refusal, ids::TutorId};
use image::{
    DynamicImage, ImageDecoder as _, ImageReader, Limits, Rgb, RgbImage, codecs::jpeg::JpegEncoder,
    imageops::FilterType,
};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{TutorView, found, store, view};
use crate::{Actor, AppError, Result, Services};

/// An upload has at most this many bytes.
pub const MAX_UPLOAD: usize = 10 * 1024 * 1024;

/// The side of a kept photo in pixels.
pub(crate) const SIDE: u32 = 400;

/// An upload has at most this many pixels, and no side longer than [`MAX_SIDE`].
const MAX_PIXELS: u64 = 50_000_000;
const MAX_SIDE: u32 = 16_000;

/// What reading one image may take of memory, bytes.
const MAX_MEMORY: u64 = 512 * 1024 * 1024;

/// Of 100; what is lost is not seen at this size.
const QUALITY: u8 = 85;

/// One large image at a time.
pub(crate) static GATE: Semaphore = Semaphore::const_new(1);

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
    let mut tx = services.db.begin().await?;
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

/// The image as a person sees it. What the content is decides, not what it is called.
pub(crate) fn read(upload: &[u8]) -> Option<DynamicImage> {
    let reader = ImageReader::new(Cursor::new(upload)).with_guessed_format().ok()?;
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    limits.reserve(decoder.total_bytes()).ok()?;
    decoder.set_limits(limits).ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    Some(image)
}

/// The middle of an image, [`SIDE`] × [`SIDE`], on white where it is transparent.
fn square(image: DynamicImage) -> RgbImage {
    let side = image.width().min(image.height());
    let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
    on_white(&image.crop_imm(left, top, side, side).resize_exact(SIDE, SIDE, FilterType::Triangle))
}

/// The image on white where it is transparent.
pub(crate) fn on_white(image: &DynamicImage) -> RgbImage {
    let image = image.to_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [r, g, b, alpha] = image.get_pixel(x, y).0.map(u32::from);
        let over_white =
            |part: u32| u8::try_from((part * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(255);
        Rgb([over_white(r), over_white(g), over_white(b)])
    })
}

/// As JPEG. Nothing but the pixels goes into it.
pub(crate) fn encode(photo: &RgbImage) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    JpegEncoder::new_with_quality(&mut content, QUALITY).encode_image(photo).ok()?;
    Some(content)
}
