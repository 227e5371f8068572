//! What is no picture is refused, whatever it says that it is.

use gatherly::pictures::{Bounds, Unusable, clean};

use super::files::{gif, gif_with, jpeg, jpeg_saying, png, png_chunk, png_head, webp, webp_of};

/// The bounds of the defaults.
pub(super) const BOUNDS: Bounds = Bounds { side: 10_000, pixels: 25_000_000 };

const HTML: &[u8] = b"<!doctype html><script>alert(1)</script>";
const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\0\0 a file in an archive";

fn with(head: &[u8], tail: &[u8]) -> Vec<u8> {
    [head, tail].concat()
}

fn cut(file: &[u8]) -> Vec<u8> {
    file[..file.len() * 2 / 3].to_vec()
}

/// Files of other types.
fn others() -> Vec<(&'static str, Vec<u8>)> {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let all: [(&str, &[u8]); 26] = [
        ("nothing", b""),
        ("one byte", b"\x89"),
        ("text", b"A word."),
        ("html", HTML),
        ("html behind spaces", b"  \n <html><body onload=alert(1)>"),
        ("svg", svg.as_bytes()),
        ("svg with a declaration", b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>"),
        ("svg with a mark", b"\xef\xbb\xbf<svg/>"),
        ("svg, compressed", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("javascript", b"/*\xff\xd8\xff*/alert(1)"),
        ("json", b"{}"),
        ("pdf", b"%PDF-1.7\n"),
        ("zip", ZIP),
        ("exe", b"MZ\x90\0"),
        ("elf", b"\x7fELF\x02\x01\x01"),
        ("wasm", b"\0asm\x01\0\0\0"),
        ("mp4", b"\0\0\0\x18ftypmp42\0\0\0\0"),
        ("avif", b"\0\0\0\x1cftypavif\0\0\0\0"),
        ("heic", b"\0\0\0\x18ftypheic\0\0\0\0"),
        ("bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0"),
        ("tiff", b"II*\0\x08\0\0\0\0\0"),
        ("tiff, the other way", b"MM\0*\0\0\0\x08"),
        ("ico", b"\0\0\x01\0\x01\0\x10\x10"),
        ("psd", b"8BPS\0\x01"),
        ("sound", b"RIFF\x24\0\0\0WAVEfmt "),
        ("jpeg 2000", b"\0\0\0\x0cjP  \r\n\x87\n"),
    ];
    all.into_iter().map(|(name, file)| (name, file.to_vec())).collect()
}

/// Files that begin as a picture does, and are none, or something else besides.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let mut bad_sum = png(4, 4);
    let place = bad_sum.len() - 20;
    bad_sum[place] ^= 1;
    let animated_only = [&png_head(4, 4, 8)[..], &png_chunk("IEND", b"")].concat();
    let mut not_first = b"\x89PNG\r\n\x1a\n".to_vec();
    not_first.extend(png_chunk("tEXt", b"a\0b"));
    not_first.extend_from_slice(&png(4, 4)[8..]);
    let mut longer = webp(4, 4);
    longer[4] += 2;
    vec![
        ("png and html", with(b"\x89PNG\r\n\x1a\n", HTML)),
        ("png and html behind it", with(&png(4, 4), HTML)),
        ("png and zip behind it", with(&png(4, 4), ZIP)),
        ("png twice", with(&png(4, 4), &png(4, 4))),
        ("png, cut", cut(&png(40, 40))),
        ("png without pixels", animated_only),
        ("png that begins with a text", not_first),
        ("png with a wrong sum", bad_sum),
        ("jpeg and php", with(b"\xff\xd8\xff", b"<?php system($_GET[0]);")),
        ("jpeg, cut", cut(&jpeg(40, 40))),
        ("jpeg without a scan", jpeg_saying(4, 4, 0)),
        ("gif and javascript", b"GIF89a=1;alert(1)//".to_vec()),
        ("gif and html behind it", with(&gif(1, 4), HTML)),
        ("gif, cut", cut(&gif(3, 40))),
        ("gif without a frame", gif_with(b"GIF89a\x04\0\x04\0\0\0\0", b";")),
        ("webp and html", webp_of(HTML)),
        ("webp and html behind it", with(&webp(4, 4), HTML)),
        ("webp, cut", cut(&webp(40, 40))),
        ("webp that says it is longer", longer),
    ]
}

#[test]
fn what_is_no_picture_is_refused() {
    for (name, file) in others() {
        assert_eq!(clean(&file, BOUNDS).err(), Some(Unusable::Type), "{name}");
    }
    for (name, file) in broken() {
        assert_eq!(clean(&file, BOUNDS).err(), Some(Unusable::Broken), "{name}");
    }
}

#[test]
fn what_a_camera_puts_behind_a_jpeg_is_gone() {
    for tail in [ZIP, HTML] {
        let kept = clean(&with(&jpeg(40, 30), tail), BOUNDS).unwrap();
        assert_eq!((kept.width, kept.height), (40, 30));
        assert!(!kept.bytes.windows(8).any(|part| part == &tail[8..16]));
        assert_eq!(kept.bytes, clean(&jpeg(40, 30), BOUNDS).unwrap().bytes);
    }
}

#[test]
fn each_type_is_taken_and_kept_as_png_or_jpeg() {
    let mut transparent = image::RgbaImage::new(5, 4);
    transparent.put_pixel(1, 1, image::Rgba([1, 2, 3, 4]));
    let transparent = super::files::encoded(&transparent.into(), image::ImageFormat::WebP);
    for (file, sent, kept) in [
        (png(5, 4), "image/png", "image/png"),
        (jpeg(5, 4), "image/jpeg", "image/jpeg"),
        (webp(5, 4), "image/webp", "image/jpeg"),
        (transparent, "image/webp", "image/png"),
        (gif(3, 5), "image/gif", "image/png"),
    ] {
        let picture = clean(&file, BOUNDS).unwrap();
        assert_eq!((picture.sent_as, picture.media_type.as_str()), (sent, kept));
        let seen = image::load_from_memory(&picture.bytes).unwrap();
        assert_eq!((seen.width(), seen.height()), (picture.width, picture.height));
        // What is kept is taken again.
        clean(&picture.bytes, BOUNDS).unwrap();
    }
}
