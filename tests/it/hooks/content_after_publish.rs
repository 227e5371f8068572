//! Contract of `content.after-publish`.

use gatherly::hooks::{Published, Verdict};

use super::{
    bench::comment,
    contract::{plain, show},
};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let published = Published(comment("A text"));
    show(&published, (172, 176), "A text", &[plain(0, Verdict::Allow)]).await;
}
