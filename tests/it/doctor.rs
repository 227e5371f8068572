//! `gatherly doctor`: what is well is said to be, what is not is told with what to
//! do, in bounded time, and no secret with it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::Instant;

use crate::support::{
    BUCKET, Bucket, CREDENTIALS, Chaos, Installation, Line, RedisServer,
    mariadb::{self, MariaDb},
    output,
    smtp::{Mood, Smtp},
};

/// No backend has longer, and they are looked at together; the rest is for a
/// machine that is busy with other tests.
const TOLD_WITHIN: Duration = Duration::from_secs(25);
/// What stands in for every password.
const HUSH: &str = "hush-hush-hush";

/// Whether nothing failed, and what was said.
async fn doctor(installation: &Installation, environment: &[(&str, &str)]) -> (bool, String) {
    let mut command = installation.command(&["doctor"]);
    command.envs(environment.iter().copied());
    let begun = Instant::now();
    let output = output(command, "").await;
    assert!(begun.elapsed() < TOLD_WITHIN, "{:?}", begun.elapsed());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains(HUSH), "it tells a secret: {said}");
    let failed = said.lines().any(|line| line.starts_with("failed "));
    assert_eq!(output.status.code(), Some(i32::from(failed)), "{said}");
    (!failed, said)
}

/// The line of a finding.
fn line<'a>(said: &'a str, begin: &str) -> &'a str {
    let mut lines = said.lines();
    lines.find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no {begin}: {said}"))
}

/// What was found that is not as it should be.
fn troubles(said: &str) -> Vec<&str> {
    let is_trouble = |line: &&str| line.starts_with("warning ") || line.starts_with("failed ");
    // What this machine's disk has left is not the test's.
    said.lines().filter(is_trouble).filter(|line| !line.contains("MiB free")).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_with_the_defaults() {
    let installation = Installation::new("");
    let (is_well, said) = doctor(&installation, &[]).await;
    assert!(is_well, "{said}");
    for begin in ["data folder: ", "signing keys: ", "database: ", "pictures: ", "mail: "] {
        line(&said, &format!("ok       {begin}"));
    }
    assert!(said.contains("the first start makes it"), "{said}");
    assert!(!installation.data_dir().exists(), "it made the data folder");

    let server = installation.serve().await;
    let before = names(&installation.data_dir());
    let (is_well, said) = doctor(&installation, &[]).await;
    assert!(is_well, "{said}");
    if !mariadb::is_asked_for() {
        assert_eq!(troubles(&said), Vec::<&str>::new());
        line(&said, "ok       database durability: journal mode wal");
    }
    line(&said, "ok       database schema: at migration ");
    line(&said, "ok       plugins: ");
    line(&said, "ok       redis: none");
    let mut after = names(&installation.data_dir());
    after.retain(|name| name != "media");
    assert_eq!(after, before.into_iter().filter(|name| name != "media").collect::<Vec<_>>());
    for folder in fs::read_dir(installation.data_dir().join("media")).unwrap() {
        assert_eq!(names(&folder.unwrap().path()), Vec::<String>::new());
    }
    server.client.get("//readyz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_to_others_is_told() {
    let installation = Installation::new("[server]\nlisten = \"0.0.0.0:8080\"");
    assert!(installation.run(&["migrate"], "").await.status.success());
    let keys = installation.data_dir().join("signing-keys");
    fs::write(&keys, format!("{HUSH}\n")).unwrap();
    let (is_well, said) = doctor(&installation, &[]).await;
    assert!(!is_well);
    line(&said, "failed   signing keys: ");
    fs::remove_file(&keys).unwrap();
    fs::write(&keys, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    fs::set_permissions(&keys, Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(installation.data_dir(), Permissions::from_mode(0o755)).unwrap();
    let (is_well, said) = doctor(&installation, &[]).await;
    assert!(is_well, "{said}");
    assert!(line(&said, "warning  data folder: ").contains("chmod 700 "), "{said}");
    assert!(line(&said, "warning  signing keys: ").contains("chmod 600 "), "{said}");
    assert!(line(&said, "warning  addresses: ").contains("server.public_url"), "{said}");
    installation.settings(
        "[server]\npublic_url = \"https://forum.example\"\ntrusted_proxies = [\"0.0.0.0/0\"]",
    );
    let (is_well, said) = doctor(&installation, &[]).await;
    assert!(!is_well);
    assert!(line(&said, "failed   addresses: ").contains("trusted_proxies"), "{said}");
    assert!(line(&said, "warning  mail: ").contains("smtp"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_lose_commits_or_is_damaged_is_told() {
    let installation = Installation::new("");
    let file = installation.path("forum.db");
    let url = format!("sqlite:{}", file.display());
    let normal =
        [("GATHERLY_DATABASE__URL", url.as_str()), ("GATHERLY_DATABASE__SYNCHRONOUS", "normal")];
    let mut migrate = installation.command(&["migrate"]);
    migrate.envs(normal);
    assert!(output(migrate, "").await.status.success());
    let (is_well, said) = doctor(&installation, &normal).await;
    assert!(is_well, "{said}");
    let told = line(&said, "warning  database durability: ");
    assert!(told.contains("power cut") && told.contains("\"full\""), "{told}");
    // A page in the middle.
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    let (is_well, said) = doctor(&installation, &normal[..1]).await;
    assert!(!is_well);
    assert!(line(&said, "failed   database: ").contains("backup"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_keep_its_word_is_told() {
    let server = MariaDb::start();
    let installation = Installation::new("");
    let url = server.database("looked_at").await;
    let at = [("GATHERLY_DATABASE__URL", url.as_str())];
    server.run("set global innodb_flush_log_at_trx_commit = 1").await.unwrap();
    server.run("set global max_allowed_packet = 67108864").await.unwrap();
    let (_, said) = doctor(&installation, &at).await;
    assert_eq!(troubles(&said), Vec::<&str>::new());
    line(&said, "ok       database schema: no tables yet");
    line(&said, "ok       database clock: ");
    line(&said, "ok       database settings: transaction isolation READ-COMMITTED");
    server.run("set global innodb_flush_log_at_trx_commit = 2").await.unwrap();
    server.run("set global max_allowed_packet = 16777216").await.unwrap();
    let (is_well, said) = doctor(&installation, &at).await;
    assert!(is_well, "{said}");
    let told = line(&said, "warning  database durability: ");
    assert!(told.contains("set innodb_flush_log_at_trx_commit = 1"), "{told}");
    let told = line(&said, "warning  database settings: max_allowed_packet = 16 MiB");
    assert!(told.contains("33M"), "{told}");
    let strange = url.replace("root@", &format!("root:{HUSH}@"));
    let (is_well, said) = doctor(&installation, &[("GATHERLY_DATABASE__URL", &strange)]).await;
    assert!(!is_well);
    assert!(line(&said, "failed   database: ").contains("database.url"), "{said}");
    server.signal(Signal::STOP);
    let (is_well, said) = doctor(&installation, &at).await;
    server.signal(Signal::CONT);
    assert!(!is_well);
    assert!(line(&said, "failed   database: ").contains("no answer in 5 s"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_is_told() {
    let server = RedisServer::start();
    let chaos = Chaos::before(server.address).await;
    let installation = Installation::new("");
    let url = format!("redis://{}/0", chaos.address);
    let (is_well, said) = doctor(&installation, &[("GATHERLY_REDIS__URL", &url)]).await;
    assert!(is_well, "{said}");
    line(&said, "ok       redis: version ");
    line(&said, "ok       redis: a key is written, read and deleted");
    line(&said, "ok       redis clock: ");
    line(&said, "ok       redis: maxmemory-policy noeviction");
    for (how, seen) in [(Line::Cut, "failed   redis: "), (Line::Blocked, "failed   redis: ")] {
        chaos.set(how);
        let (is_well, said) = doctor(&installation, &[("GATHERLY_REDIS__URL", &url)]).await;
        assert!(!is_well, "{how:?}");
        line(&said, seen);
    }
    chaos.set(Line::Good);
    let url = format!("redis://:{HUSH}@{}/0", chaos.address);
    let (is_well, said) = doctor(&installation, &[("GATHERLY_REDIS__URL", &url)]).await;
    assert!(!is_well, "{said}");
    assert!(line(&said, "failed   redis: ").contains("redis.url"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_let_in_is_told() {
    let bucket = Bucket::start().await;
    let installation = Installation::new(&format!(
        "[media]\nstore = \"s3\"\n[media.s3]\nbucket = {BUCKET:?}\nregion = \"eu-central-1\"\n\
         endpoint = {:?}\npath_style = true",
        bucket.endpoint
    ));
    let (is_well, said) = doctor(&installation, &CREDENTIALS).await;
    assert!(is_well, "{said}");
    line(&said, "ok       pictures: the bucket takes, gives and deletes");
    assert_eq!(names(&bucket.file("")), Vec::<String>::new());
    let strange =
        CREDENTIALS.map(|(name, value)| (name, if name.contains("SECRET") { HUSH } else { value }));
    let (is_well, said) = doctor(&installation, &strange).await;
    assert!(!is_well);
    let told = line(&said, "failed   pictures: ");
    assert!(told.contains("SignatureDoesNotMatch") && told.contains("credentials"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_does_not_answer_is_told() {
    let server = Smtp::start(Mood::Willing).await;
    let installation = Installation::new(&format!(
        "[mail]\ntransport = \"smtp\"\nsmtp_host = \"127.0.0.1\"\nsmtp_port = {}\n\
         smtp_tls = \"none\"\nfrom = \"forum@example.org\"\nsmtp_user = \"forum\"\n\
         smtp_password = {HUSH:?}\nsmtp_timeout_seconds = 2",
        server.address.port()
    ));
    let (is_well, said) = doctor(&installation, &[]).await;
    assert!(is_well, "{said}");
    assert!(line(&said, "ok       mail: ").contains("lets forum in"), "{said}");
    assert!(server.deliveries().is_empty());
    for mood in [Mood::Mute, Mood::Gone] {
        server.set_mood(mood);
        let (is_well, said) = doctor(&installation, &[]).await;
        assert!(!is_well, "{mood:?}");
        assert!(line(&said, "failed   mail: ").contains("mail.smtp_host"), "{said}");
    }
    let address = server.address;
    drop(server);
    let (is_well, said) = doctor(&installation, &[]).await;
    assert!(!is_well, "{address}");
    assert!(line(&said, "failed   mail: ").contains("no connection"), "{said}");
}
