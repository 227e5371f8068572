//! Nothing that is not seen is kept: not where a picture was taken, nor anything
//! else that stands in its file.

use gatherly::pictures::{Size, clean, scale};

use super::{
    files::{
        exif, gif, gif_block, gif_with, jpeg, jpeg_segment, jpeg_with, png, png_chunk, png_with,
        webp, webp_chunk, webp_with,
    },
    refused::BOUNDS,
};

/// Where all of them were taken.
pub(super) const PLACE: &[u8] = b"N 51.4778 W 0.0014 by Rosa";

/// Pictures of 40 by 30 pixels that tell the place, each in another way.
pub(super) fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let (png, jpeg, webp) = (png(40, 30), jpeg(40, 30), webp(40, 30));
    let said = |before: &[u8]| [before, PLACE].concat();
    let profile = said(&[0; 40]);
    let app = |marker, head: &[u8]| jpeg_with(&jpeg, &jpeg_segment(marker, &said(head)));
    let chunk = |kind, head: &[u8]| png_with(&png, &png_chunk(kind, &said(head)));
    let camera = [b"Exif\0\0", &exif(PLACE)[..]].concat();
    vec![
        ("jpeg, EXIF", jpeg_with(&jpeg, &jpeg_segment(0xe1, &camera))),
        ("jpeg, XMP", app(0xe1, b"http://ns.adobe.com/xap/1.0/\0")),
        ("jpeg, IPTC", app(0xed, b"Photoshop 3.0\0")),
        ("jpeg, profile", app(0xe2, b"ICC_PROFILE\0\x01\x01")),
        ("jpeg, comment", app(0xfe, b"")),
        ("jpeg, maker", app(0xec, b"Ducky")),
        ("jpeg, behind it", said(&jpeg)),
        ("png, EXIF", png_with(&png, &png_chunk("eXIf", &exif(PLACE)))),
        ("png, text", chunk("tEXt", b"Place\0")),
        ("png, XMP", chunk("iTXt", b"XML:com.adobe.xmp\0\0\0\0\0")),
        ("png, unknown", chunk("roSa", b"")),
        ("webp, EXIF", webp_with(&webp, 8, (b"", &webp_chunk("EXIF", &exif(PLACE))))),
        ("webp, XMP", webp_with(&webp, 4, (b"", &webp_chunk("XMP ", PLACE)))),
        ("webp, profile", webp_with(&webp, 32, (&webp_chunk("ICCP", &profile), b""))),
        ("webp, unknown", webp_with(&webp, 0, (b"", &webp_chunk("ROSA", PLACE)))),
        ("gif, comment", gif_with(&gif(1, 40), &gif_block(0xfe, PLACE))),
        ("gif, application", gif_with(&gif(1, 40), &gif_block(0xff, &said(b"XMP DataXMP")))),
    ]
}

/// Whether a file tells the place, or half of it.
pub(super) fn tells(file: &[u8]) -> bool {
    PLACE.chunks(8).any(|part| part.len() == 8 && file.windows(8).any(|window| window == part))
}

#[test]
fn no_byte_of_it_is_kept() {
    for (name, file) in corpus() {
        assert!(tells(&file), "{name}: nothing to keep");
        let kept = clean(&file, BOUNDS).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!tells(&kept.bytes), "{name}");
        for copy in scale(&kept.bytes, kept.media_type, (BOUNDS, &Size::ALL)).unwrap() {
            assert!(!tells(&copy.bytes), "{name}, {}", copy.size.as_str());
        }
        for word in [&b"Exif"[..], b"eXIf", b"EXIF", b"ICC", b"iCCP", b"tEXt", b"xmp", b"XMP"] {
            assert!(!kept.bytes.windows(word.len()).any(|part| part == word), "{name}");
        }
    }
}

#[test]
fn a_picture_is_turned_as_its_camera_was() {
    for (name, file) in corpus() {
        let kept = clean(&file, BOUNDS).unwrap();
        let is_turned = matches!(name, "jpeg, EXIF" | "webp, EXIF");
        let expected = match name {
            _ if name.starts_with("gif") => (40, 40),
            _ if is_turned => (30, 40),
            _ => (40, 30),
        };
        assert_eq!((kept.width, kept.height), expected, "{name}");
    }
}

#[test]
fn copies_are_smaller_and_never_larger() {
    let kept = clean(&jpeg(2_000, 1_000), BOUNDS).unwrap();
    let copies = scale(&kept.bytes, kept.media_type, (BOUNDS, &Size::ALL)).unwrap();
    let sizes = copies.iter().map(|copy| {
        let image = image::load_from_memory(&copy.bytes).unwrap();
        (copy.size, image.width(), image.height())
    });
    let expected = [(Size::Small, 320, 160), (Size::Large, 1_280, 640), (Size::Square, 256, 256)];
    assert_eq!(sizes.collect::<Vec<_>>(), expected);
    let kept = clean(&png(200, 100), BOUNDS).unwrap();
    let copies = scale(&kept.bytes, kept.media_type, (BOUNDS, &Size::ALL)).unwrap();
    let [square] = copies.as_slice() else { panic!("one copy") };
    let image = image::load_from_memory(&square.bytes).unwrap();
    assert_eq!((square.size, image.width(), image.height()), (Size::Square, 100, 100));
}
