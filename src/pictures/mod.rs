//! Pictures that people send, made safe: told by their bytes, measured before
//! they are decoded, decoded within bounds, and written anew, so that nothing of
//! the file that came is in the file that is kept: no metadata, no tail, no
//! second meaning.
//!
//! What is kept is PNG or JPEG. A picture is turned as its metadata says before
//! that is dropped; of an animation the first frame is kept. No I/O here.

mod density;
mod frame;
mod size;
mod studio;
#[cfg(test)]
mod tests;

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    metadata::Orientation,
};

pub use size::{Scaled, Size, scale};
pub use studio::Studio;

/// Quality of JPEG that is written: what is lost cannot be seen, as cameras do.
const JPEG_QUALITY: u8 = 90;
/// Bytes of a pixel while it is decoded: red, green, blue and how opaque.
const PIXEL_BYTES: u64 = 4;
/// What a decoder may need beside the pixels: tables and some rows.
const DECODER_BYTES: u64 = 16 << 20;

/// How large a picture may be; told by its head, before anything is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most pixels of a side.
    pub side: u32,
    /// Most pixels altogether.
    pub pixels: u64,
}

/// Why a file cannot be used as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Its first bytes are of none of the four types.
    #[error("not a PNG, JPEG, WebP or GIF")]
    Type,
    /// It breaks off, goes on behind its end, or is not what it says.
    #[error("not a whole picture")]
    Broken,
    /// More pixels than are taken.
    #[error("too many pixels")]
    Dimensions,
    /// More frames or pieces than are taken.
    #[error("too many frames or pieces")]
    Pieces,
}

/// What a picture is kept as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// Loses nothing, may be transparent.
    Png,
    /// For photographs.
    Jpeg,
}

impl MediaType {
    /// As in HTTP, and as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg].into_iter().find(|of| of.as_str() == text)
    }

    /// What names of such files end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }

    /// What a file that is kept is, by its first bytes.
    pub fn of(file: &[u8]) -> Option<Self> {
        match image::guess_format(file).ok()? {
            ImageFormat::Png => Some(Self::Png),
            ImageFormat::Jpeg => Some(Self::Jpeg),
            _ => None,
        }
    }

    fn format(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
        }
    }
}

/// A picture as it is kept.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it was sent as, as in HTTP.
    pub sent_as: &'static str,
    /// What it is now.
    pub media_type: MediaType,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Makes a file that somebody sent into a picture that can be kept.
pub fn clean(file: &[u8], bounds: Bounds) -> Result<Picture, Unusable> {
    render(&check(file, bounds)?, bounds)
}

/// A file whose type, form and dimensions are good. Its pixels were not looked at.
struct Checked(frame::Framed);

/// Looks at a file without decoding it: takes time in proportion to its size.
fn check(file: &[u8], bounds: Bounds) -> Result<Checked, Unusable> {
    let framed = frame::read(file)?;
    density::check(&framed, &open(&framed.bytes, framed.format, bounds)?)?;
    Ok(Checked(framed))
}

/// Decodes a file and writes it anew: takes time in proportion to its pixels.
fn render(Checked(framed): &Checked, bounds: Bounds) -> Result<Picture, Unusable> {
    let (mut image, orientation) = decode(&framed.bytes, framed.format, bounds)?;
    image.apply_orientation(orientation);
    let is_photograph = framed.format == ImageFormat::Jpeg
        || framed.format == ImageFormat::WebP && !image.color().has_alpha();
    let media_type = if is_photograph { MediaType::Jpeg } else { MediaType::Png };
    let (width, height) = (image.width(), image.height());
    let bytes = encode(&image, media_type)?;
    Ok(Picture { sent_as: framed.format.to_mime_type(), media_type, width, height, bytes })
}

/// A decoder that has read the head of a file and found its dimensions within bounds.
fn open(
    file: &[u8],
    format: ImageFormat,
    bounds: Bounds,
) -> Result<impl ImageDecoder + '_, Unusable> {
    let most = bounds.pixels.saturating_mul(PIXEL_BYTES);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(bounds.side);
    limits.max_image_height = Some(bounds.side);
    limits.max_alloc = Some(most.saturating_add(DECODER_BYTES));
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| unusable(&error))?;
    let (width, height) = decoder.dimensions();
    let is_small = u64::from(width) * u64::from(height) <= bounds.pixels
        && width.max(height) <= bounds.side
        && decoder.total_bytes() <= most;
    if !is_small {
        return Err(Unusable::Dimensions);
    }
    Ok(decoder)
}

/// The pixels of a file whose frame is good, and how they are to be turned.
fn decode(
    file: &[u8],
    format: ImageFormat,
    bounds: Bounds,
) -> Result<(DynamicImage, Orientation), Unusable> {
    let mut decoder = open(file, format, bounds)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| unusable(&error))?;
    Ok((image, orientation))
}

/// A file with the pixels and nothing else, of eight bits a channel.
fn encode(image: &DynamicImage, media_type: MediaType) -> Result<Vec<u8>, Unusable> {
    let mut file = Vec::new();
    let written = match media_type {
        MediaType::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY);
            image.to_rgb8().write_with_encoder(encoder)
        }
        MediaType::Png if image.color().has_alpha() => {
            image.to_rgba8().write_with_encoder(PngEncoder::new(&mut file))
        }
        MediaType::Png => image.to_rgb8().write_with_encoder(PngEncoder::new(&mut file)),
    };
    written.map_err(|error| unusable(&error))?;
    Ok(file)
}

fn unusable(error: &image::ImageError) -> Unusable {
    match error {
        image::ImageError::Limits(_) => Unusable::Dimensions,
        _ => Unusable::Broken,
    }
}
