//! Files that are small and would become large: each is refused by what it says,
//! before anything is decoded.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use gatherly::pictures::{Unusable, clean};

use super::{
    files::{
        gif, gif_block, gif_with, jpeg, jpeg_saying, jpeg_segment, jpeg_with, png, png_chunk,
        png_saying, png_with, webp, webp_chunk, webp_head, webp_of, webp_with,
    },
    refused::BOUNDS,
};

/// Ten times what each may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// What all may take of memory together, in KiB, in a process of their own.
const MEMORY: u64 = 64 << 10;
/// Says that the process is this test's own.
const ALONE: &str = "TEST_BOMBS_ALONE";

/// A GIF that says it is this large, with frames of this size.
fn gif_saying((width, height): (u16, u16), frame: (u16, u16), frames: usize) -> Vec<u8> {
    let head = |(w, h): (u16, u16)| [w.to_le_bytes(), h.to_le_bytes()].concat();
    let mut file =
        [b"GIF89a", &head((width, height))[..], &[0x80, 0, 0, 0, 0, 0, 9, 9, 9]].concat();
    let image = [&[0x2c, 0, 0, 0, 0][..], &head(frame), &[0, 2, 2, 0x44, 1, 0]].concat();
    (0..frames).for_each(|_| file.extend_from_slice(&image));
    file.push(b';');
    file
}

/// A JPEG of some pixels whose head says that it is this large.
fn jpeg_claiming(width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg(8, 8);
    let frame = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    assert!(file.len() < 1_000);
    file
}

/// Name, file, and why it is refused.
fn bombs() -> Vec<(&'static str, Vec<u8>, Unusable)> {
    use Unusable::{Broken, Dimensions, Pieces};
    let frames = png_chunk("fcTL", &[0; 26]).repeat(10_000);
    let chunks = png_chunk("tEXt", b"").repeat(1_000_000);
    let segments = jpeg_segment(0xe5, b"").repeat(1_000_000);
    let blocks = gif_block(0xfe, b"x").repeat(1_000_000);
    let animation = webp_chunk("ANMF", &[0; 16]).repeat(10_000);
    let lossless = [0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0];
    let lossy = [0x30, 1, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f];
    let bitmap = [&png(8, 8)[..], b"PK\x05\x06", &[0; 18]].concat();
    vec![
        ("png of 50,000 by 50,000", png_saying(50_000, 50_000, 8), Dimensions),
        ("png of two billion by one", png_saying(0x7fff_ffff, 1, 8), Dimensions),
        ("png of 9,999 by 9,999", png_saying(9_999, 9_999, 8), Dimensions),
        ("png of 16 bits", png_saying(4_999, 4_999, 16), Dimensions),
        ("png of 10,000 frames", png_with(&png(8, 8), &frames), Pieces),
        ("png of a million chunks", png_with(&png(8, 8), &chunks), Pieces),
        ("zip in png", bitmap, Broken),
        ("png, cut", png_saying(50_000, 50_000, 8)[..40].to_vec(), Broken),
        ("jpeg of 65,535 by 65,535", jpeg_saying(65_535, 65_535, 1), Dimensions),
        ("jpeg of 9,000 by 9,000", jpeg_saying(9_000, 9_000, 1), Dimensions),
        ("jpeg of 9,999 by 2,500 in some hundred bytes", jpeg_claiming(9_999, 2_500), Broken),
        ("jpeg of 1,000 passes", jpeg_saying(5_000, 5_000, 1_000), Pieces),
        ("jpeg of a million segments", jpeg_with(&jpeg(8, 8), &segments), Pieces),
        ("gif of 65,535 by 65,535", gif_saying((65_535, 65_535), (1, 1), 1), Dimensions),
        ("gif of 10,000 frames", gif_saying((9, 9), (1, 1), 10_000), Pieces),
        ("gif of a million blocks", gif_with(&gif(1, 8), &blocks), Pieces),
        (
            "webp of 16 million by 16 million",
            {
                let large = webp_head(1 << 24, 1 << 24, 0);
                webp_of(&[&large[..], &webp(8, 8)[12..]].concat())
            },
            Broken,
        ),
        ("webp of 16,384 by 16,384", webp_of(&webp_chunk("VP8L", &lossless)), Broken),
        ("webp of 16,383 by 16,383", webp_of(&webp_chunk("VP8 ", &lossy)), Dimensions),
        ("webp of 10,000 frames", webp_with(&webp(8, 8), 2, (&animation, b"")), Pieces),
    ]
}

fn memory(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

#[test]
fn each_bomb_is_refused_at_once() {
    let bombs = bombs();
    let before = memory("VmHWM:");
    let mut wrong = Vec::new();
    for (name, file, why) in &bombs {
        let begun = Instant::now();
        let found = clean(file, BOUNDS).err();
        if found != Some(*why) || begun.elapsed() > PATIENCE {
            wrong.push((name, found, begun.elapsed()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    if std::env::var_os(ALONE).is_some() {
        let more = memory("VmHWM:") - before;
        assert!(more <= MEMORY, "{more} KiB more than before");
        println!("{} bombs took {more} KiB", bombs.len());
    }
}

#[test]
fn bombs_take_little_memory() {
    let mut tests = Command::new(std::env::current_exe().unwrap());
    let test = ["--exact", "media::bombs::each_bomb_is_refused_at_once", "--nocapture"];
    let run = tests.args(test).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("bombs took"), "{said}");
}
