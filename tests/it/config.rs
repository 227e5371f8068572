//! Settings: what is not right is told with where it came from, its key and the
//! rule, and before anything is done.

use std::{fs, path::Path, time::Duration};

use gatherly::config::{Config, ENV_PREFIX};
use tokio::time::Instant;

use crate::support::{Installation, output};

/// Within this time a server says what is wrong with its settings. One second
/// is promised; the rest is for a machine that is busy with other tests.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// Settings that are refused, and what is said of each.
const REFUSED: &[(&str, &[&str])] = &[
    ("[server]\nlisten = \"nowhere\"", &["server.listen"]),
    ("[server]\nlisten = 8080", &["server.listen: must be an address with a port, like"]),
    ("[server]\ntrusted_proxies = \"all\"", &["trusted_proxies: must be an array, not a string"]),
    ("[server]\nmax_connections = -1", &["server.max_connections: must be a whole number from 0"]),
    ("[server]\nlistne = \"127.0.0.1:1\"", &["listne", "server"]),
    ("[server]\ndocs = \"yes\"", &["server.docs: must be true or false, not a string"]),
    ("[server]\nmetrics_listen = \"x\"", &["server.metrics_listen", "must be an address"]),
    ("[server]\npublic_url = \"forum\"", &["server.public_url", "must be like https://"]),
    ("[server]\ncors_origins = [\"*\"]", &["server.cors_origins", "exact origin"]),
    (
        "[server]\ntrusted_proxies = [\"10.0.0.1\", \"all\"]",
        &["server.trusted_proxies", "\"all\" must be an address like", "10.0.0.0/8"],
    ),
    ("[server]\ntrusted_proxies = [\"10.0.0.1/33\"]", &["server.trusted_proxies", "10.0.0.1/33"]),
    ("[server]\nmax_connections = 0", &["server.max_connections", "at least 1"]),
    (
        "[server]\nmax_connections_per_network = 0",
        &["server.max_connections_per_network", "at least 1"],
    ),
    ("[server]\nidle_timeout_seconds = 0", &["server.idle_timeout_seconds", "from 1 to 3600"]),
    ("[server]\nshutdown_seconds = 301", &["server.shutdown_seconds", "from 1 to 300"]),
    ("[database]\nurl = \"postgres://x\"", &["database.url", "sqlite:"]),
    ("[database]\nsynchronous = \"off\"", &["database.synchronous", "full"]),
    ("[database]\nreaders = 0", &["database.readers", "from 1 to 64"]),
    ("[redis]\nurl = \"http://x\"", &["redis.url", "redis://host"]),
    ("[jobs]\nbackend = \"rsmq\"", &["jobs.backend", "redis.url"]),
    ("[jobs]\ntell = [\"content.published\"]", &["jobs.tell", "bullmq"]),
    ("[redis]\nprefix = \"a:b\"", &["redis.prefix", "a-z"]),
    ("[accounts]\nregistration = \"maybe\"", &["accounts.registration", "approval"]),
    ("[accounts]\nhash_concurrency = 0", &["accounts.hash_concurrency", "from 1 to 64"]),
    ("[sessions]\naccess_minutes = 16", &["sessions.access_minutes", "from 1 to 15"]),
    ("[sessions]\nrefresh_days = -1", &["sessions.refresh_days"]),
    ("[forum]\ncommunity_creation = \"all\"", &["forum.community_creation", "members"]),
    ("[cache]\nmegabytes = \"many\"", &["cache.megabytes"]),
    ("[limits]\nvote_account = \"10/day\"", &["limits.vote_account", "10/minute"]),
    ("[limits]\nvote_account = \"0/minute\"", &["limits.vote_account", "above 0"]),
    ("[plugins]\nmemory_mib = 129", &["plugins.memory_mib", "from 1 to 128"]),
    ("[plugins]\nwarm_slots = 100000", &["plugins.warm_slots", "at most 65536"]),
    ("[plugins]\nallocator = \"none\"", &["plugins.allocator", "pooling"]),
    ("[accounts]\nreset_minutes = 61", &["accounts.reset_minutes", "from 1 to 60"]),
    ("[mail]\ntransport = \"pigeon\"", &["mail.transport", "smtp"]),
    ("[mail]\ntransport = \"smtp\"\nsmtp_host = \"\"", &["mail.smtp_host"]),
    (
        "[mail]\ntransport = \"smtp\"\nsmtp_host = \"mx\"\nfrom = \"\"",
        &["mail.from", "forum@example.org"],
    ),
    (
        "[mail]\ntransport = \"smtp\"\nsmtp_host = \"mx\"\nfrom = \"a@b.co\"\nsmtp_tls = \"none\"\n\
         smtp_user = \"a\"",
        &["mail.smtp_tls", "in the clear"],
    ),
    ("[mail]\nfrom = \"nobody\"", &["mail.from", "forum@example.org"]),
    ("[mail]\nsmtp_connections = 33", &["mail.smtp_connections", "from 1 to 32"]),
    ("[mail]\nsmtp_password = 123456", &["mail.smtp_password", "must be in quotes"]),
    ("[log]\nfilter = \"gatherly=loud\"", &["log.filter"]),
    ("[log]\nformat = \"xml\"", &["log.format", "json"]),
    ("[unheard]\nof = 1", &["unheard"]),
    ("unheard_of = 1", &["unheard_of"]),
    ("[server", &["TOML"]),
];

#[test]
fn the_defaults_are_settings() {
    let config = Config::defaults().unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.data_dir, Path::new("data"));
}

#[test]
fn trusted_proxies_are_addresses_and_networks() {
    let installation = Installation::new("");
    let path = installation.path("settings.toml");
    let proxies = "[server]\ntrusted_proxies = [\"10.0.0.1\", \"2001:db8::1\", \"10.1.0.0/16\"]";
    fs::write(&path, proxies).unwrap();
    let config = Config::load(Some(&path)).unwrap();
    let read: Vec<String> = config.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(read, ["10.0.0.1/32", "2001:db8::1/128", "10.1.0.0/16"]);
}

#[test]
fn what_a_file_gets_wrong_is_told_with_file_key_and_rule() {
    let installation = Installation::new("");
    let path = installation.path("settings.toml");
    for (settings, needles) in REFUSED {
        fs::write(&path, settings).unwrap();
        let told = Config::load(Some(&path)).expect_err(settings).to_string();
        for needle in needles.iter().chain(&["settings.toml"]) {
            assert!(told.contains(needle), "{settings}: {told:?} does not say {needle:?}");
        }
        for word in ["::", "usize", "u64", "struct", "sequence", "serde", "figment"] {
            assert!(!told.contains(word), "{settings}: {told:?} says {word:?}");
        }
    }
    let told = Config::load(Some(&installation.path("gone.toml"))).unwrap_err().to_string();
    assert!(told.contains("gone.toml: there is no such file"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_bad_settings_ends_at_once() {
    let installation = Installation::new("[sessions]\naccess_minutes = 16");
    let begun = Instant::now();
    let ended = installation.run(&["serve"], "").await;
    assert!(begun.elapsed() < TOLD_WITHIN, "{:?}", begun.elapsed());
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    for needle in ["gatherly.toml", "sessions.access_minutes", "must be from 1 to 15"] {
        assert!(told.contains(needle), "{told:?} does not say {needle:?}");
    }
    assert!(!installation.data_dir().exists(), "something was done before the settings were read");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_goes_before_the_file() {
    let installation = Installation::new("[sessions]\naccess_minutes = 16");
    let with = async |variables: &[(&str, &str)]| {
        let mut command = installation.command(&["migrate"]);
        for (name, value) in variables {
            command.env(format!("{ENV_PREFIX}{name}"), value);
        }
        let ended = output(command, "").await;
        (ended.status.success(), String::from_utf8(ended.stderr).unwrap())
    };
    let minutes = ("SESSIONS__ACCESS_MINUTES", "5");
    assert_eq!(with(&[minutes]).await, (true, String::new()));
    for (name, value, needles) in [
        ("SESSIONS__ACCESS_MINUTES", "17", ["GATHERLY_", "sessions.access_minutes"]),
        ("SERVER__LISTNE", "127.0.0.1:1", ["GATHERLY_", "listne"]),
        ("SERVER__DOCS", "perhaps", ["GATHERLY_", "server.docs"]),
        ("LIMITS__VOTE_ACCOUNT", "often", ["VOTE_ACCOUNT", "10/minute"]),
        ("UNHEARD_OF", "1", ["GATHERLY_", "unheard_of"]),
    ] {
        let (good, told) = with(&[minutes, (name, value)]).await;
        assert!(!good, "{name}");
        for needle in needles {
            assert!(
                told.to_lowercase().contains(&needle.to_lowercase()),
                "{name}: {told:?} does not say {needle:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_the_defaults_hold() {
    let mut command = crate::support::program(None, &["plugin", "inspect", "nothing.wasm"]);
    command.env("GATHERLY_LOG__FILTER", "off");
    let ended = output(command, "").await;
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("nothing.wasm"), "{told}");
    assert!(!told.contains("settings"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_not_in_quotes_is_not_told() {
    let installation = Installation::new("[mail]\nsmtp_password = 918273645");
    let mut from_environment = installation.command(&["migrate"]);
    from_environment.env(format!("{ENV_PREFIX}MAIL__SMTP_PASSWORD"), "918273645");
    for command in [installation.command(&["migrate"]), from_environment] {
        let ended = output(command, "").await;
        assert!(!ended.status.success());
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(told.contains("must be in quotes"), "{told}");
        assert!(!told.contains("918273645"), "{told}");
    }
}
