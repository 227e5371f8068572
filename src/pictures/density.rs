//! How many pixels the bytes of a file can hold. A file that claims more is not
//! whole, and is refused before anything is decoded: otherwise some hundred bytes
//! would cost as much as a photograph.

use image::{ImageDecoder, ImageFormat};

use super::{Unusable, frame::Framed};

/// Most pixels of a JPEG for each byte: each block of 8 by 8 pixels takes at least
/// one bit, the shortest code there is.
const JPEG_PIXELS: u64 = 64 * 8;
/// Most bytes that deflate, which PNG is packed with, makes of one: 258 of two bits.
const PNG_EXPANSION: u64 = 1_032;
/// Most pixels of a GIF for each byte: the longest string of its codes has 3,838
/// pixels and takes 12 bits.
const GIF_PIXELS: u64 = 3_838 * 8 / 12 + 1;
/// Most pixels of a WebP for each byte. The format has no bound: a picture of one
/// colour takes some bytes whatever its size. Photographs have 1 to 100, drawings
/// up to 1,000.
const WEBP_PIXELS: u64 = 4_096;
/// Pixels that any file may have: decoding them takes some milliseconds.
const FREE_PIXELS: u64 = 1 << 20;

/// Refuses a file whose bytes cannot hold the pixels that its head claims.
pub(super) fn check(framed: &Framed, decoder: &impl ImageDecoder) -> Result<(), Unusable> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let bytes = u64::try_from(framed.bytes.len()).unwrap_or(u64::MAX);
    let most = match framed.format {
        ImageFormat::Jpeg => bytes.saturating_mul(JPEG_PIXELS),
        ImageFormat::Gif => bytes.saturating_mul(GIF_PIXELS),
        ImageFormat::WebP => bytes.saturating_mul(WEBP_PIXELS),
        _ => {
            let bits = u64::from(decoder.original_color_type().bits_per_pixel()).max(1);
            bytes.saturating_mul(PNG_EXPANSION * 8) / bits
        }
    };
    if pixels > most.max(FREE_PIXELS) { Err(Unusable::Broken) } else { Ok(()) }
}
