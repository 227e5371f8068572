//! Contract of `report.created`.

use gatherly::hooks::{Created, Target, Verdict};

use super::contract::{plain, show};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let created = Created {
        id: "report".to_owned(),
        target: Target::Comment("comment".to_owned()),
        account_id: "author".to_owned(),
        reason: "spam".to_owned(),
    };
    show(&created, (152, 156), "spam", &[plain(0, Verdict::Allow)]).await;
}
