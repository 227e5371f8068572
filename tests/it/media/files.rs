//! Pictures made for tests: whole ones by the encoders, strange ones by hand.

use std::io::Cursor;

use image::{DynamicImage, Frame, ImageFormat, Rgb, RgbImage, RgbaImage, codecs::gif::GifEncoder};

/// A picture with something to see in every corner.
pub fn scene(width: u32, height: u32) -> DynamicImage {
    let colour = |x: u32, y: u32| {
        let part = |at: u32, of: u32| u8::try_from(at * 255 / of.max(1)).unwrap();
        Rgb([part(x, width), part(y, height), 90])
    };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, colour))
}

pub fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&scene(width, height), ImageFormat::Png)
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(&scene(width, height), ImageFormat::Jpeg)
}

pub fn webp(width: u32, height: u32) -> Vec<u8> {
    encoded(&scene(width, height), ImageFormat::WebP)
}

/// An animation.
pub fn gif(frames: usize, side: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut file, 30);
    for _ in 0..frames {
        encoder.encode_frame(Frame::new(RgbaImage::new(side, side))).unwrap();
    }
    drop(encoder);
    file
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// A chunk of a PNG.
pub fn png_chunk(kind: &str, data: &[u8]) -> Vec<u8> {
    let named = [kind.as_bytes(), data].concat();
    [&length(data).to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat()
}

/// The head of a PNG that says it is this large.
pub fn png_head(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let data = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, 6, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &png_chunk("IHDR", &data)].concat()
}

/// A PNG that says it is this large, and has pixels of another.
pub fn png_saying(width: u32, height: u32, depth: u8) -> Vec<u8> {
    let mut file = png_head(width, height, depth);
    file.extend(png_chunk("IDAT", &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]));
    file.extend(png_chunk("IEND", b""));
    file
}

/// Length of a PNG's signature and first chunk.
const PNG_HEAD: usize = 33;

/// A PNG with more chunks behind its head.
pub fn png_with(file: &[u8], chunks: &[u8]) -> Vec<u8> {
    [&file[..PNG_HEAD], chunks, &file[PNG_HEAD..]].concat()
}

/// A segment of a JPEG.
pub fn jpeg_segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap();
    [&[0xff, marker][..], &length.to_be_bytes(), data].concat()
}

/// A JPEG with more segments behind its first bytes.
pub fn jpeg_with(file: &[u8], segments: &[u8]) -> Vec<u8> {
    [&file[..2], segments, &file[2..]].concat()
}

/// A JPEG that says it is this large.
pub fn jpeg_saying(width: u16, height: u16, scans: usize) -> Vec<u8> {
    let [w, h] = [width.to_be_bytes(), height.to_be_bytes()];
    let frame = [8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0];
    let mut file = [&[0xff, 0xd8][..], &jpeg_segment(0xc0, &frame)].concat();
    for _ in 0..scans {
        file.extend(jpeg_segment(0xda, &[1, 1, 0, 0, 63, 0]));
        file.push(0);
    }
    file.extend([0xff, 0xd9]);
    file
}

/// A chunk of a WebP.
pub fn webp_chunk(kind: &str, data: &[u8]) -> Vec<u8> {
    let padding = vec![0; data.len() % 2];
    [kind.as_bytes(), &length(data).to_le_bytes(), data, &padding].concat()
}

/// A WebP of these chunks.
pub fn webp_of(chunks: &[u8]) -> Vec<u8> {
    let inside = [b"WEBP", chunks].concat();
    [&b"RIFF"[..], &length(&inside).to_le_bytes(), &inside].concat()
}

/// The head of a WebP that says it is this large, with these flags.
pub fn webp_head(width: u32, height: u32, flags: u8) -> Vec<u8> {
    let [w, h] = [(width - 1).to_le_bytes(), (height - 1).to_le_bytes()];
    webp_chunk("VP8X", &[flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]])
}

/// A WebP with more chunks around its picture.
pub fn webp_with(file: &[u8], flags: u8, (before, after): (&[u8], &[u8])) -> Vec<u8> {
    let image = image::load_from_memory(file).unwrap();
    let head = webp_head(image.width(), image.height(), flags);
    webp_of(&[&head, before, &file[12..], after].concat())
}

/// A block of a GIF that shows nothing.
pub fn gif_block(label: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    [&[0x21, label, length][..], data, &[0]].concat()
}

/// A GIF with more blocks before its first frame.
pub fn gif_with(file: &[u8], blocks: &[u8]) -> Vec<u8> {
    let flags = file[10];
    let table = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let (head, rest) = file.split_at(13 + table);
    [head, blocks, rest].concat()
}

/// The EXIF of a camera: turned by a quarter, and where it was taken, which reads
/// `place`.
pub fn exif(place: &[u8]) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()]
            .concat()
    };
    let (first, second) = (8_u32, 8 + 2 + 24 + 4);
    let text = second + 2 + 12 + 4;
    [
        &b"II*\0"[..],
        &first.to_le_bytes(),
        &2_u16.to_le_bytes(),
        // Orientation 6: to be turned clockwise.
        &entry(0x0112, 3, 1, 6),
        &entry(0x8825, 4, 1, second),
        &0_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &entry(0x001b, 7, length(place), text),
        &0_u32.to_le_bytes(),
        place,
    ]
    .concat()
}
