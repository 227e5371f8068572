//! Contract of `content.after-remove`.

use gatherly::hooks::{Origin, Removed, Verdict};

use super::{
    bench::comment,
    contract::{plain, show},
};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let removed = Removed {
        content: comment("A text"),
        author_id: "author".to_owned(),
        by: Origin::Moderator,
        reason: Some("off topic".to_owned()),
    };
    show(&removed, (196, 200), "off topic", &[plain(0, Verdict::Allow)]).await;
}
