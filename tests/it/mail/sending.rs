//! The way of a mail to its server, whatever that does.

use std::{sync::Arc, time::Duration};

use gatherly::{
    config::{Config, SmtpTls},
    db::{Columns, statement},
};
use serde_json::json;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::headers::config as smtp_config;
use crate::support::{
    Installation, PASSWORD, TestApp,
    forum::{self, each},
    smtp::{Delivery, Encryption, Mood, Smtp},
    wait_for,
};

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/mail/cert.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/mail/key.pem");

fn settings(smtp: &Smtp) -> impl FnOnce(&mut Config) {
    let mail = smtp_config(smtp).mail;
    move |config| config.mail = mail
}

/// Moves the clock on until so many mails were handed over.
async fn delivered(app: &TestApp, smtp: &Smtp, count: usize) -> Vec<Delivery> {
    wait_for(&format!("{count} mails"), async || {
        app.advance(Duration::from_secs(1));
        smtp.deliveries().len() >= count
    })
    .await;
    app.settled().await;
    smtp.deliveries()
}

async fn waiting(app: &TestApp) -> i64 {
    let sql = "select count(*) as mails from mails where state = 'waiting'";
    app.app.db.optional(statement(sql)).await.unwrap().unwrap().value("mails").unwrap()
}

/// Moves the clock on, and lets everything happen that is due then.
async fn pass(app: &TestApp, time: Duration) {
    app.advance(time);
    wait_for("all that is due was done", async || {
        let first = "
            select coalesce(min(case state when 'delayed' then run_at else 0 end),
                            9000000000000000) as first
            from jobs where state in ('waiting', 'active', 'delayed')";
        let first = app.app.db.optional(statement(first)).await.unwrap().unwrap();
        first.time("first").unwrap() > app.app.clock.now()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_reaches_its_server() {
    let smtp = Smtp::start(Mood::Willing).await;
    let app = TestApp::start_with(settings(&smtp)).await;
    app.member("ada").await;
    let deliveries = delivered(&app, &smtp, 1).await;
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].to, ["ada@example.org"]);
    let mail = crate::support::Mail::parse(&deliveries[0].message);
    let path = format!("/email-verifications/{}", mail.code());
    app.client.post(&path, json!({})).await.expect(204);
    assert!(!app.app.config.data_dir.join("mail").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_left_alone_and_gets_everything_later() {
    const PEOPLE: usize = 30;
    let smtp = Smtp::start(Mood::Gone).await;
    let app = TestApp::start_with(settings(&smtp)).await;
    let boss = app.admin("boss").await;
    for n in 0..PEOPLE {
        let body = json!({"username": format!("ada{n}"), "email": format!("ada{n}@example.org"),
                          "password": PASSWORD});
        app.client.post("/accounts", body).await.expect(201);
    }
    for _ in 0..60 {
        pass(&app, Duration::from_secs(10)).await;
    }
    assert_eq!(waiting(&app).await, 30);
    let boss = app.sign_in(&boss.name).await;
    let jobs = boss.get("/jobs?kind=mail.send&limit=100").await.expect(200);
    assert_eq!(each(&jobs, "id").len(), PEOPLE);
    // Ten minutes have forty times fifteen seconds, and two mails leave at once.
    let (tries, _) = smtp.connections();
    assert!((20..=80).contains(&tries), "{tries} tries");
    assert!(!jobs.to_string().contains("example.org"), "{jobs}");

    smtp.set_mood(Mood::Willing);
    let deliveries = delivered(&app, &smtp, PEOPLE).await;
    let mut to: Vec<&str> = deliveries.iter().map(|found| found.to[0].as_str()).collect();
    to.sort_unstable();
    to.dedup();
    assert_eq!((to.len(), deliveries.len()), (PEOPLE, PEOPLE), "each once");
    assert_eq!(waiting(&app).await, 0);
    let (_, most) = smtp.connections();
    assert!(most <= 2, "{most} connections at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_asked_again_and_a_refusal_is_kept() {
    let smtp = Smtp::start(Mood::Busy).await;
    let app = TestApp::start_with(settings(&smtp)).await;
    let boss = app.admin("boss").await;
    app.member("ada").await;
    app.settled().await;
    let jobs = boss.get("/jobs?kind=mail.send").await.expect(200);
    let job = &jobs["items"][0];
    assert_eq!(job["state"], "delayed", "{job}");
    assert_eq!(job["last_error"], "the mail was put off: code 451");
    smtp.set_mood(Mood::Strict);
    pass(&app, Duration::from_secs(20)).await;
    let job = boss.get("/jobs?kind=mail.send").await.expect(200)["items"][0].clone();
    // Without the server's words, which have the address.
    assert_eq!(
        (&job["state"], &job["last_error"]),
        (&json!("failed"), &json!("the mail was refused: code 550"))
    );
    smtp.set_mood(Mood::Willing);
    let retry = format!("/jobs/{}/retry", job["id"].as_str().unwrap());
    boss.post(&retry, json!({})).await.expect(200);
    assert_eq!(delivered(&app, &smtp, 1).await.len(), 1);
}

/// Makes a digest due: somebody answered who has not been read.
async fn make_digest(app: &TestApp, smtp: &Smtp) {
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    for delivery in delivered(app, smtp, 2).await {
        let code = crate::support::Mail::parse(&delivery.message).code();
        app.client.post(&format!("/email-verifications/{code}"), json!({})).await.expect(204);
    }
    ada.put("/me/digest", json!({"wanted": true})).await.expect(200);
    let post = forum::post(app, &ada, "A word").await;
    forum::comment(app, &bob, &post, "New.").await;
    app.settled().await;
    app.advance(Duration::from_hours(24));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_sent_again_with_its_id_but_a_digest_is_not() {
    let smtp = Smtp::start(Mood::Willing).await;
    let app = TestApp::start_with(settings(&smtp)).await;
    make_digest(&app, &smtp).await;
    smtp.set_mood(Mood::Forgetful);
    app.app.mailing.digests.make_due().await.unwrap();
    let deliveries = delivered(&app, &smtp, 3).await;
    assert!(deliveries[2].message.contains("Subject: What you have not read"));
    for _ in 0..30 {
        pass(&app, Duration::from_mins(1)).await;
    }
    assert_eq!(smtp.deliveries().len(), 3, "a digest comes once or not at all");

    app.client.post("/password-resets", json!({"email": "ada@example.org"})).await.expect(202);
    let deliveries = delivered(&app, &smtp, 5).await;
    let id = |delivery: &Delivery| {
        crate::support::Mail::parse(&delivery.message).header("Message-ID").to_owned()
    };
    assert_eq!(id(&deliveries[3]), id(&deliveries[4]));
    smtp.set_mood(Mood::Willing);
    let sent = delivered(&app, &smtp, deliveries.len() + 1).await.len();
    app.advance(Duration::from_mins(30));
    app.settled().await;
    assert_eq!(smtp.deliveries().len(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_waits_for_its_server() {
    let smtp = Smtp::start(Mood::Willing).await;
    let app = TestApp::start_with(settings(&smtp)).await;
    make_digest(&app, &smtp).await;
    smtp.set_mood(Mood::Busy);
    app.app.mailing.digests.make_due().await.unwrap();
    app.settled().await;
    assert_eq!(waiting(&app).await, 1);
    smtp.set_mood(Mood::Willing);
    assert_eq!(delivered(&app, &smtp, 3).await.len(), 3);
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_server_that_says_nothing() {
    let smtp = Smtp::start(Mood::Mute).await;
    let app = TestApp::start_with(|config| {
        settings(&smtp)(config);
        config.mail.smtp_timeout_seconds = 1;
    })
    .await;
    let begun = tokio::time::Instant::now();
    app.member("ada").await;
    app.client.get("/accounts/ada").await.expect(200);
    let boss = app.admin("boss").await;
    wait_for("it was tried", async || {
        boss.get("/jobs?kind=mail.send").await.expect(200)["items"][0]["state"] == "delayed"
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let jobs = boss.get("/jobs?kind=mail.send").await.expect(200);
    let error = &jobs["items"][0]["last_error"];
    assert_eq!(error, "the mail server cannot be used: it does not answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_could_send_in_time_is_given_up() {
    let smtp = Smtp::start(Mood::Busy).await;
    let app = TestApp::start_with(settings(&smtp)).await;
    let boss = app.admin("boss").await;
    app.member("ada").await;
    app.settled().await;
    pass(&app, Duration::from_hours(61)).await;
    let boss = app.sign_in(&boss.name).await;
    let job = boss.get("/jobs?kind=mail.send&state=failed").await.expect(200)["items"][0].clone();
    assert_eq!(job["last_error"], "there was no way to send it in time");
    smtp.set_mood(Mood::Willing);
    assert!(smtp.deliveries().is_empty());
}

fn acceptor() -> TlsAcceptor {
    let certificates: Vec<CertificateDer> =
        CertificateDer::pem_file_iter(CERTIFICATE).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(KEY).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_encrypted_and_signed_in() {
    let address = "127.0.0.1:0".parse().unwrap();
    for tls in [SmtpTls::Implicit, SmtpTls::Starttls] {
        let encryption = match tls {
            SmtpTls::Implicit => Encryption::Implicit(acceptor()),
            _ => Encryption::Starttls(acceptor()),
        };
        let smtp = Smtp::start_on(address, Mood::Willing, encryption).await;
        let app = TestApp::start_with(|config| {
            settings(&smtp)(config);
            config.mail.smtp_host = "localhost".to_owned();
            config.mail.smtp_tls = tls;
            config.mail.smtp_ca = CERTIFICATE.into();
            config.mail.smtp_user = "forum".to_owned();
            config.mail.smtp_password =
                gatherly::base::secret::Secret::new("zqpassword".to_owned());
        })
        .await;
        app.member("ada").await;
        let deliveries = delivered(&app, &smtp, 1).await;
        assert!(deliveries[0].encrypted, "{tls:?}");
        // The user and the password, after the encryption.
        let lines = smtp.lines();
        let signed_in = lines.iter().position(|line| line.starts_with("AUTH PLAIN "));
        let started = lines.iter().position(|line| line == "STARTTLS");
        assert!(signed_in > started, "{lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let address = "127.0.0.1:0".parse().unwrap();
    for (encryption, tls) in [
        (Encryption::Implicit(acceptor()), SmtpTls::Implicit),
        (Encryption::Starttls(acceptor()), SmtpTls::Starttls),
        // One that does not encrypt at all.
        (Encryption::None, SmtpTls::Starttls),
    ] {
        let smtp = Smtp::start_on(address, Mood::Willing, encryption).await;
        let app = TestApp::start_with(|config| {
            settings(&smtp)(config);
            config.mail.smtp_host = "localhost".to_owned();
            config.mail.smtp_tls = tls;
            config.mail.smtp_user = "forum".to_owned();
        })
        .await;
        app.member("ada").await;
        app.settled().await;
        wait_for("a connection", async || smtp.connections().0 > 0).await;
        let lines = smtp.lines();
        assert!(lines.iter().all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")));
        assert_eq!(waiting(&app).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_codes_nor_passwords_are_logged() {
    let smtp = Smtp::start(Mood::Willing).await;
    let installation = Installation::new(&format!(
        "[server]\npublic_url = \"https://forum.example\"\n[log]\nfilter = \"trace\"\n\
         [mail]\ntransport = \"smtp\"\nfrom = \"forum@forum.example\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = {}\nsmtp_tls = \"none\"\nsmtp_user = \"forum\"\nsmtp_password = \"zqpassword\"\n",
        smtp.address.port()
    ));
    let mut running = installation.serve().await;
    let ada = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    running.client.post("/accounts", ada).await.expect(201);
    wait_for("a mail", async || !smtp.deliveries().is_empty()).await;
    let code = crate::support::Mail::parse(&smtp.deliveries()[0].message).code();
    running.client.post(&format!("/email-verifications/{code}"), json!({})).await.expect(204);
    running.signal(rustix::process::Signal::TERM);
    assert!(running.ended().await.success());
    let log = installation.log();
    assert!(log.contains("/api/v1/email-verifications/…"), "{log}");
    for secret in [code.as_str(), "zqpassword", "ada@example.org", PASSWORD] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
