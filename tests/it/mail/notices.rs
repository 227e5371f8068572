//! Notices of what happens to an account.

use std::net::Ipv4Addr;

use gatherly::{base::secret::Secret, http::ClientAddress, sessions::Device};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

const ADA: &str = "ada@example.org";

async fn sign_in_from(app: &TestApp, name: &str, user_agent: &str) {
    let address = ClientAddress(Ipv4Addr::LOCALHOST.into());
    let device = Device { address, user_agent: user_agent.to_owned() };
    let password = Secret::new(PASSWORD.to_owned());
    app.app.sessions.sign_in(name, password, &device).await.expect("a session");
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_a_new_device_is_told() {
    let app = TestApp::start().await;
    app.verified("ada").await;
    let notices = || {
        let mails = app.mails(ADA).into_iter();
        mails.filter(|mail| mail.header("Subject").starts_with("A new sign-in")).count()
    };
    sign_in_from(&app, "ada", "Browser 1.0 of eve@evil.example").await;
    assert_eq!(notices(), 1);
    let mail = app.mail(ADA, "A new sign-in").await;
    assert!(mail.text.contains("“Browser 1·0 of eve＠evil·example”"), "{}", mail.text);
    assert!(mail.text.contains("On 2026-01-01 at 00:00 UTC, “ada” signed in"), "{}", mail.text);
    // The same again, and the one that was the first.
    sign_in_from(&app, "ada", "Browser 1.0 of eve@evil.example").await;
    app.sign_in("ada").await;
    app.settled().await;
    assert_eq!(notices(), 1);
    for n in 0..9 {
        sign_in_from(&app, "ada", &format!("Robot {n}")).await;
    }
    assert_eq!(notices(), 5, "a robot buries nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_not_confirmed_is_told_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    sign_in_from(&app, "ada", "Browser").await;
    let change = json!({"current_password": PASSWORD, "new_password": "another good one"});
    ada.put("/me/password", change).await.expect(204);
    app.settled().await;
    let mails = app.mails(ADA);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].header("Subject").starts_with("Confirm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_password_is_told() {
    let app = TestApp::start().await;
    let ada = app.verified("ada").await;
    let change = json!({"current_password": PASSWORD, "new_password": "another good one"});
    ada.put("/me/password", change).await.expect(204);
    let mail = app.mail(ADA, "Your password was changed").await;
    assert!(!mail.text.contains("another good one"), "{}", mail.text);
}
