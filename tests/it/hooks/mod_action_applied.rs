//! Contract of `mod-action.applied`.

use gatherly::hooks::{ActionKind, Applied, Target, Verdict};

use super::contract::{plain, show};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let applied = Applied {
        id: "action".to_owned(),
        kind: ActionKind::Lock,
        target: Target::Post("post".to_owned()),
        account_id: "author".to_owned(),
        reason: None,
    };
    show(&applied, (140, 144), "post", &[plain(0, Verdict::Allow)]).await;
}
