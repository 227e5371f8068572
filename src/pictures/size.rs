//! The sizes in which pictures are shown.

use image::{DynamicImage, imageops::FilterType};

use super::{Bounds, MediaType, Unusable, decode, encode};

/// A smaller copy of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Within 320 by 320 pixels: in lists.
    Small,
    /// Within 1280 by 1280 pixels: on a page.
    Large,
    /// 256 by 256 pixels, the middle of the picture: beside names.
    Square,
}

impl Size {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Square];

    /// The name of its file, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
            Self::Square => "square",
        }
    }

    fn side(self) -> u32 {
        match self {
            Self::Small => 320,
            Self::Large => 1_280,
            Self::Square => 256,
        }
    }

    /// Whether a picture of these dimensions needs a copy of this size: it is
    /// never made larger.
    pub fn is_needed(self, (width, height): (u32, u32)) -> bool {
        let is_large = width.max(height) > self.side();
        is_large || self == Self::Square && width != height
    }

    fn apply(self, image: &DynamicImage) -> DynamicImage {
        let (width, height) = (image.width(), image.height());
        // A bend of lines cannot be seen in a copy this small.
        let filter = FilterType::Triangle;
        if self == Self::Square {
            let side = self.side().min(width).min(height);
            return image.resize_to_fill(side, side, filter);
        }
        let side = self.side().min(width.max(height));
        image.resize(side, side, filter)
    }
}

/// A copy of a picture.
#[derive(Clone, Debug)]
pub struct Scaled {
    /// Which.
    pub size: Size,
    /// The file, of the same type.
    pub bytes: Vec<u8>,
}

/// Makes the copies of a picture that is kept.
pub fn scale(
    file: &[u8],
    media_type: MediaType,
    (bounds, sizes): (Bounds, &[Size]),
) -> Result<Vec<Scaled>, Unusable> {
    let (image, _) = decode(file, media_type.format(), bounds)?;
    let dimensions = (image.width(), image.height());
    let needed = sizes.iter().copied().filter(|size| size.is_needed(dimensions));
    needed
        .map(|size| Ok(Scaled { size, bytes: encode(&size.apply(&image), media_type)? }))
        .collect()
}
