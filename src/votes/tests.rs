use super::{
    model::{Ballot, Subject, VoteValue},
    rules::may_cast,
};
use crate::{
    bans::{Deeds, Standing},
    base::{
        Error,
        clock::Timestamp,
        ids::{AccountId, CommentId, CommunityId, PostId},
    },
    posts::{Ground, Refusal},
    publishing::{ContentState, Tallies},
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn ballot(state: ContentState, post: ContentState, denied: i64) -> Ballot {
    Ballot {
        subject: Subject::Comment(CommentId::new(NOW)),
        author: AccountId::new(NOW),
        state,
        tallies: Tallies::default(),
        created_at: NOW,
        value: VoteValue::from_stored(0),
        ground: Ground {
            id: PostId::new(NOW),
            community: CommunityId::new(NOW),
            slug: "general".into(),
            state: post,
            locked: true,
            standing: Standing { moderates: false, denied: Deeds::from_stored(denied) },
        },
    }
}

#[test]
fn votes_count_on_what_is_published() {
    use ContentState::{Held, Published, Removed};
    let code = |state, post, denied| match may_cast(&ballot(state, post, denied)) {
        Ok(()) => "",
        Err(Refusal::Banned(deed)) => deed.as_str(),
        Err(Refusal::Other(Error::Conflict { code, .. })) => code,
        Err(Refusal::Other(error)) => panic!("{error}"),
    };
    assert_eq!(code(Published, Published, 0), "");
    assert_eq!(code(Published, Published, 2), "");
    assert_eq!(code(Published, Published, 4), "vote");
    assert_eq!(code(Held, Published, 0), "held");
    assert_eq!(code(Removed, Published, 0), "removed");
    assert_eq!(code(Published, Held, 0), "held");
    assert_eq!(code(Published, Removed, 0), "removed");
}

#[test]
fn a_vote_is_one_of_three() {
    for value in [-1, 0, 1] {
        assert_eq!(VoteValue::parse(value).unwrap().number(), value);
    }
    for value in [-2, 2, i64::MAX, i64::MIN] {
        assert!(VoteValue::parse(value).is_err());
        assert_eq!(VoteValue::from_stored(value).number(), 0);
    }
}
