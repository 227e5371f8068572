use super::*;
use crate::base::{Error, ids::AccountId};

const BOUNDS: Bounds = Bounds { side: 100, pixels: 5_000 };

fn file(width: u32, height: u32) -> Vec<u8> {
    encode(&DynamicImage::new_rgb8(width, height), MediaType::Png).unwrap()
}

#[test]
fn bounds_are_of_each_side_and_of_all_pixels() {
    assert!(clean(&file(100, 50), BOUNDS).is_ok());
    assert!(clean(&file(50, 100), BOUNDS).is_ok());
    for (width, height) in [(101, 1), (1, 101), (100, 51)] {
        assert_eq!(clean(&file(width, height), BOUNDS).err(), Some(Unusable::Dimensions));
    }
}

#[test]
fn what_is_kept_is_told_by_its_bytes() {
    let image = DynamicImage::new_rgb8(3, 2);
    for media_type in [MediaType::Png, MediaType::Jpeg] {
        let file = encode(&image, media_type).unwrap();
        assert_eq!(MediaType::of(&file), Some(media_type));
        assert_eq!(MediaType::from_stored(media_type.as_str()), Some(media_type));
    }
    assert_eq!(MediaType::of(b"GIF89a"), None);
}

fn account() -> AccountId {
    AccountId(uuid::Uuid::from_u128(1))
}

#[tokio::test]
async fn a_picture_that_gets_no_turn_is_refused_as_busy() {
    let studio = Studio::new(0, BOUNDS);
    let refused = studio.clean(account(), file(10, 10)).await;
    assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_needs_no_turn() {
    let studio = Studio::new(0, BOUNDS);
    for (file, why) in [
        (Vec::new(), Unusable::Type),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), Unusable::Type),
        (file(101, 1), Unusable::Dimensions),
        (file(10, 10)[..40].to_vec(), Unusable::Broken),
    ] {
        assert_eq!(studio.clean(account(), file).await.unwrap().err(), Some(why));
    }
}
