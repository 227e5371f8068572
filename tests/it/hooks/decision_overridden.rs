//! Contract of `decision.overridden`.

use gatherly::hooks::{Overridden, Resolution, Verdict};

use super::{
    bench::comment,
    contract::{plain, show},
};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let overridden = Overridden {
        decision_id: "decision".to_owned(),
        hook: "content.before-publish".to_owned(),
        verdict: "hold".to_owned(),
        resolution: Resolution::Approved,
        content: Some(comment("A text")),
    };
    show(&overridden, (204, 208), "A text", &[plain(0, Verdict::Allow)]).await;
}
