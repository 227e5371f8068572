//! Contract of `media.before-attach`.

use gatherly::hooks::{Media, Verdict};

use super::contract::{because, plain, show};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let media = Media {
        id: "media".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 1_024,
        width: 640,
        height: 480,
        digest: "abc".to_owned(),
    };
    let cases = [plain(0, Verdict::Allow), because(1, Verdict::Hold), because(2, Verdict::Reject)];
    show(&media, (160, 164), "abc", &cases).await;
}
