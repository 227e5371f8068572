use std::collections::HashSet;

use super::{ADMIN, story::Story};

#[test]
fn the_story_is_as_large_as_promised_and_everybody_in_it_is_known() {
    let story = Story::read().unwrap();
    assert_eq!((story.accounts.len(), story.communities.len()), (12, 2));
    assert_eq!(story.posts().count(), 50);
    assert!(story.steps() > 12 + 50 + 150, "{}", story.steps());
    assert_eq!(story.accounts.first().unwrap().name, ADMIN);
    let known: HashSet<&str> = story.accounts.iter().map(|person| person.name.as_str()).collect();
    let deepest = story.posts().flat_map(|(_, topic)| &topic.comments).map(|remark| remark.0).max();
    assert_eq!(deepest, Some(4));
    for (_, topic) in story.posts() {
        let speakers = topic.comments.iter().map(|remark| &remark.1);
        for name in std::iter::once(&topic.by).chain(speakers) {
            assert!(known.contains(name.as_str()), "{name} in {:?}", topic.title);
        }
    }
}
