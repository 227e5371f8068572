use super::{
    model::{Choice, MediaState, Record},
    rules::{choose, disposition, may_be_kept},
};
use crate::{
    base::{
        clock::Timestamp,
        ids::{AccountId, MediaId},
    },
    pictures::{MediaType, Size},
};

fn picture(width: u32, height: u32) -> Record {
    let now = Timestamp(1_767_225_600_000);
    Record {
        id: MediaId::new(now),
        owner: AccountId::new(now),
        state: MediaState::Ready,
        media_type: MediaType::Jpeg,
        width,
        height,
        bytes: 1,
        digest: String::new(),
        is_used: true,
        is_sized: true,
        created_at: now,
    }
}

#[test]
fn the_whole_picture_stands_in_for_a_copy_that_is_not_made() {
    let wide = picture(1_000, 100);
    let chosen = |media: &Record, size| {
        let Choice { size, is_final } = choose(media, size);
        (size, is_final)
    };
    assert_eq!(chosen(&wide, None), (None, true));
    assert_eq!(chosen(&wide, Some(Size::Small)), (Some(Size::Small), true));
    assert_eq!(chosen(&wide, Some(Size::Large)), (None, true));
    assert_eq!(chosen(&wide, Some(Size::Square)), (Some(Size::Square), true));
    let fresh = Record { is_sized: false, ..wide };
    assert_eq!(chosen(&fresh, Some(Size::Small)), (None, false));
    assert_eq!(chosen(&fresh, Some(Size::Large)), (None, true));
    assert_eq!(chosen(&picture(256, 256), Some(Size::Square)), (None, true));
}

#[test]
fn only_what_stays_so_is_kept_by_others() {
    let used = picture(10, 10);
    let choice = |media: &Record| choose(media, Some(Size::Small));
    assert!(may_be_kept(&used, choice(&used)));
    for other in [
        Record { is_used: false, ..used.clone() },
        Record { state: MediaState::Held, ..used.clone() },
        Record { state: MediaState::Refused, ..used.clone() },
        Record { width: 1_000, is_sized: false, ..used.clone() },
    ] {
        assert!(!may_be_kept(&other, choice(&other)));
    }
    assert_eq!(disposition(&used), format!("inline; filename=\"{}.jpg\"", used.id));
}

#[test]
fn states_are_stored_by_name() {
    for state in [MediaState::Ready, MediaState::Held, MediaState::Refused] {
        assert_eq!(MediaState::from_stored(state.as_str()), state);
    }
    assert_eq!(MediaState::from_stored("other"), MediaState::Refused);
}
