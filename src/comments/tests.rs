use proptest::prelude::*;

use super::{model::*, rules};
use crate::base::{Error, clock::Timestamp, ids::CommentId};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

#[test]
fn a_body_has_1_to_10_000_characters() {
    assert!(CommentText::parse("a").is_ok());
    assert!(CommentText::parse(&"é".repeat(10_000)).is_ok());
    for body in ["", " \n ", "\u{202e}", &"a".repeat(10_001)] {
        assert!(matches!(CommentText::parse(body), Err(Error::Invalid(_))), "{body:?}");
    }
}

#[test]
fn a_thread_has_32_levels() {
    let mut parent = None;
    for level in 0..32 {
        let id = CommentId::new(NOW);
        let (path, depth) = rules::place(id, parent.as_ref()).unwrap();
        assert_eq!((path.len(), depth), ((level + 1) * 16, i64::try_from(level).unwrap()));
        parent = Some(Parent { id, path, depth, locked: false });
    }
    assert_eq!(rules::place(CommentId::new(NOW), parent.as_ref()).unwrap_err().rule, "depth");
}

proptest! {
    /// Sorting by path puts every answer after what it answers and before what
    /// comes after that.
    #[test]
    fn paths_sort_as_one_reads(parents in proptest::collection::vec(any::<proptest::sample::Index>(), 1..40)) {
        let mut thread: Vec<Parent> = Vec::new();
        for (n, parent) in parents.into_iter().enumerate() {
            let now = Timestamp(NOW.0 + i64::try_from(n).unwrap());
            let parent = if n == 0 { None } else { Some(parent.get(&thread).clone()) };
            let id = CommentId::new(now);
            if let Ok((path, depth)) = rules::place(id, parent.as_ref()) {
                thread.push(Parent { id, path, depth, locked: false });
            }
        }
        thread.sort_by(|a, b| a.path.cmp(&b.path));
        let mut above: Vec<&Parent> = Vec::new();
        for comment in &thread {
            above.truncate(usize::try_from(comment.depth).unwrap());
            if let Some(parent) = above.last() {
                prop_assert!(comment.path.starts_with(&parent.path));
            }
            above.push(comment);
        }
    }

    #[test]
    fn a_text_that_was_accepted_stays_as_it_is(body in "(?s).{0,200}") {
        if let Ok(text) = CommentText::parse(&body) {
            prop_assert_eq!(CommentText::parse(text.as_str()).unwrap(), text);
        }
    }
}
