//! Images that people send: read with care, and written anew.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
    },
};
use tokio::sync::Semaphore;

/// An upload has at most this many pixels, and no side longer than [`MAX_SIDE`].
const MAX_PIXELS: u64 = 50_000_000;
const MAX_SIDE: u32 = 16_000;

/// What reading one image may take of memory, bytes.
const MAX_MEMORY: u64 = 512 * 1024 * 1024;

/// Of 100; what is lost is not seen at this size.
const QUALITY: u8 = 85;

/// One large image at a time.
pub(crate) static GATE: Semaphore = Semaphore::const_new(1);

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

/// Whether an upload that can be [`read`] is a PNG.
pub(crate) fn is_png(upload: &[u8]) -> bool {
    image::guess_format(upload).is_ok_and(|format| format == ImageFormat::Png)
}

/// As PNG: every pixel stays what it is, and nothing else goes into it.
pub(crate) fn encode_png(image: &DynamicImage) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut content, CompressionType::Default, FilterType::Adaptive);
    image.write_with_encoder(encoder).ok()?;
    Some(content)
}

/// As JPEG. Nothing but the pixels goes into it.
pub(crate) fn encode(photo: &RgbImage) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    JpegEncoder::new_with_quality(&mut content, QUALITY).encode_image(photo).ok()?;
    Some(content)
}
