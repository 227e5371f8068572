//! The outer form of a file: that it is one picture from its first to its last
//! byte, with a bounded number of pieces. What decodes it is given the pieces
//! that make the picture.

use image::ImageFormat;

use super::Unusable;

/// Most pieces of a file: 10 MiB in pieces of 1 KiB, an eighth of what encoders
/// write.
const MAX_PIECES: usize = 10_240;
/// Most frames of an animation: half a minute of what people send.
const MAX_FRAMES: usize = 500;
/// Most passes of a JPEG: encoders make ten; each costs a pass over all pixels.
const MAX_SCANS: usize = 50;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
const GIF: [&[u8]; 2] = [b"GIF87a", b"GIF89a"];

/// A picture's file that has the form of its type.
pub(super) struct Framed {
    pub(super) format: ImageFormat,
    pub(super) bytes: Vec<u8>,
}

/// Tells a file's type by its first bytes and follows it to its end.
pub(super) fn read(file: &[u8]) -> Result<Framed, Unusable> {
    let (format, bytes) = if file.starts_with(PNG) {
        (ImageFormat::Png, png(file))
    } else if file.starts_with(JPEG) {
        (ImageFormat::Jpeg, jpeg(file))
    } else if GIF.iter().any(|head| file.starts_with(head)) {
        (ImageFormat::Gif, gif(file))
    } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        (ImageFormat::WebP, webp(file))
    } else {
        return Err(Unusable::Type);
    };
    Ok(Framed { format, bytes: bytes? })
}

/// What is left of a file.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Unusable> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Unusable::Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unusable> {
        self.take(N)?.try_into().map_err(|_| Unusable::Broken)
    }

    fn byte(&mut self) -> Result<u8, Unusable> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A length that a file tells.
    fn length(bytes: [u8; 4]) -> Result<usize, Unusable> {
        usize::try_from(u32::from_be_bytes(bytes)).map_err(|_| Unusable::Broken)
    }

    fn end(&self) -> Result<(), Unusable> {
        if self.0.is_empty() { Ok(()) } else { Err(Unusable::Broken) }
    }
}

/// Counts pieces of a kind.
struct Count {
    left: usize,
}

impl Count {
    fn to(most: usize) -> Self {
        Self { left: most }
    }

    fn one(&mut self) -> Result<(), Unusable> {
        self.left = self.left.checked_sub(1).ok_or(Unusable::Pieces)?;
        Ok(())
    }
}

/// A PNG with the chunks that make the first frame, and no others: texts and
/// profiles can be compressed a thousandfold.
fn png(file: &[u8]) -> Result<Vec<u8>, Unusable> {
    let mut rest = Rest(file);
    let mut kept = rest.take(PNG.len())?.to_vec();
    let (mut pieces, mut frames) = (Count::to(MAX_PIECES), Count::to(MAX_FRAMES));
    for number in 0.. {
        pieces.one()?;
        let start = rest.0;
        let length = Rest::length(rest.array()?)?;
        let kind: [u8; 4] = rest.array()?;
        // What it holds, and its checksum, which the decoder looks at.
        rest.take(length)?;
        rest.take(4)?;
        if (number == 0) != (kind == *b"IHDR") {
            return Err(Unusable::Broken);
        }
        let chunk = start.get(..start.len() - rest.0.len()).unwrap_or_default();
        match &kind {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" => kept.extend_from_slice(chunk),
            b"fcTL" => frames.one()?,
            b"IEND" => {
                kept.extend_from_slice(chunk);
                break;
            }
            _ => {}
        }
    }
    rest.end()?;
    Ok(kept)
}

/// A JPEG up to its end. What cameras put behind it, a film or a second picture,
/// goes.
fn jpeg(file: &[u8]) -> Result<Vec<u8>, Unusable> {
    let mut rest = Rest(file);
    rest.take(2)?;
    let (mut pieces, mut scans) = (Count::to(MAX_PIECES), Count::to(MAX_SCANS));
    loop {
        pieces.one()?;
        if rest.byte()? != 0xff {
            return Err(Unusable::Broken);
        }
        let mut marker = rest.byte()?;
        // Fill bytes.
        while marker == 0xff {
            marker = rest.byte()?;
        }
        match marker {
            0xd9 => break,
            0x01 | 0xd0..=0xd7 => {}
            0x00 | 0xd8 => return Err(Unusable::Broken),
            _ => {
                let length = usize::from(u16::from_be_bytes(rest.array()?));
                rest.take(length.checked_sub(2).ok_or(Unusable::Broken)?)?;
                if marker == 0xda {
                    scans.one()?;
                    skip_scan(&mut rest)?;
                }
            }
        }
    }
    Ok(file.get(..file.len() - rest.0.len()).unwrap_or_default().to_vec())
}

/// Goes to the marker behind the pixels of a pass.
fn skip_scan(rest: &mut Rest<'_>) -> Result<(), Unusable> {
    let is_marker = |pair: &[u8]| match pair {
        [0xff, next] => !matches!(next, 0x00 | 0xff | 0xd0..=0xd7),
        _ => false,
    };
    let length = rest.0.windows(2).position(is_marker).ok_or(Unusable::Broken)?;
    rest.take(length).map(drop)
}

/// A GIF with its first frame, and what says how to show that.
fn gif(file: &[u8]) -> Result<Vec<u8>, Unusable> {
    let mut rest = Rest(file);
    rest.take(6)?;
    let [.., flags, _, _] = rest.array::<7>()?;
    rest.take(colours(flags))?;
    let mut kept = file.get(..file.len() - rest.0.len()).unwrap_or_default().to_vec();
    let (mut pieces, mut frames) = (Count::to(MAX_PIECES), Count::to(MAX_FRAMES));
    let mut has_frame = false;
    loop {
        let start = rest.0;
        let (is_frame, is_control) = match rest.byte()? {
            0x2c => {
                frames.one()?;
                let [.., flags] = rest.array::<9>()?;
                rest.take(colours(flags))?;
                rest.byte()?;
                (true, false)
            }
            0x21 => (false, rest.byte()? == 0xf9),
            0x3b if has_frame => break,
            _ => return Err(Unusable::Broken),
        };
        loop {
            // Blocks of at most 255 bytes: a long picture has many.
            let length = usize::from(rest.byte()?);
            if length == 0 {
                break;
            }
            rest.take(length)?;
        }
        if !has_frame && (is_frame || is_control) {
            kept.extend_from_slice(start.get(..start.len() - rest.0.len()).unwrap_or_default());
        }
        has_frame |= is_frame;
        pieces.one()?;
    }
    rest.end()?;
    kept.push(0x3b);
    Ok(kept)
}

/// Bytes of a table of colours, by the flags that announce it.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 0x07) + 1) }
}

/// A WebP whose chunks fill it.
fn webp(file: &[u8]) -> Result<Vec<u8>, Unusable> {
    let mut rest = Rest(file);
    rest.take(4)?;
    let length = u32::from_le_bytes(rest.array()?);
    if usize::try_from(length).ok() != file.len().checked_sub(8) {
        return Err(Unusable::Broken);
    }
    rest.take(4)?;
    let (mut pieces, mut frames) = (Count::to(MAX_PIECES), Count::to(MAX_FRAMES));
    while !rest.0.is_empty() {
        pieces.one()?;
        let kind: [u8; 4] = rest.array()?;
        if kind == *b"ANMF" {
            frames.one()?;
        }
        let length = u32::from_le_bytes(rest.array()?);
        let length = usize::try_from(length).map_err(|_| Unusable::Broken)?;
        rest.take(length)?;
        // Chunks of odd length are followed by a byte that says nothing.
        rest.take(length % 2)?;
    }
    Ok(file.to_vec())
}
