use super::*;

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

#[tokio::test]
async fn who_waits_too_long_for_a_turn_is_told_to_come_back() {
    let studio = Studio::new(0, BOUNDS);
    let refused = studio.clean(file(10, 10)).await;
    assert!(matches!(refused, Err(crate::base::Error::Unavailable { .. })));
    let studio = Studio::new(1, BOUNDS);
    let (one, two) = tokio::join!(studio.clean(file(10, 10)), studio.clean(Vec::new()));
    assert_eq!((one.unwrap().unwrap().width, two.unwrap().err()), (10, Some(Unusable::Type)));
}
