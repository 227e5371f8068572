//! Contract of `appeal.submitted`.

use gatherly::hooks::{Against, Appeal, Verdict};

use super::contract::{plain, show};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let appeal = Appeal {
        id: "appeal".to_owned(),
        against: Against::Removal,
        subject_id: "action".to_owned(),
        text: "It was a joke".to_owned(),
    };
    show(&appeal, (144, 148), "It was a joke", &[plain(0, Verdict::Allow)]).await;
}
