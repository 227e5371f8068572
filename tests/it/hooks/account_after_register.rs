//! Contract of `account.after-register`.

use gatherly::hooks::{Registered, Verdict};

use super::contract::{plain, show};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let registered = Registered { email_domain: "example.org".to_owned() };
    show(&registered, (124, 128), "example.org", &[plain(0, Verdict::Allow)]).await;
}
