//! This machine: the data folder, the keys in it, and the addresses.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    base::{
        finding::{Finding, reasons},
        secret::random_bytes,
    },
    config::Config,
    sessions::Keys,
};

const FOLDER: &str = "data folder";
const KEYS: &str = "signing keys";
const ADDRESSES: &str = "addresses";
/// Rights of others than the owner.
const OTHERS: u32 = 0o077;
/// A database, its log and a day's pictures of a small forum.
const SPACE_MIN: u64 = 1 << 30;
/// Less is gone within minutes.
const SPACE_NEEDED: u64 = 64 << 20;

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = addresses(config);
    let config = config.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let mut findings = folder(&config.data_dir);
        findings.push(keys(&config));
        findings
    });
    match looked.await {
        Ok(looked) => findings.extend(looked),
        Err(error) => findings.push(Finding::failed(FOLDER, error.to_string(), "tell us of it")),
    }
    findings
}

fn folder(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    let advice = format!("make {shown} the server's user's: chown, chmod 700");
    let (there, is_new) = match existing(path) {
        Ok(there) => (there.clone(), there != path),
        Err(error) => return vec![Finding::failed(FOLDER, error.to_string(), advice)],
    };
    if let Err(error) = writable(&there) {
        let seen = format!("{} cannot be written: {error}", there.display());
        return vec![Finding::failed(FOLDER, seen, advice)];
    }
    let mode = fs::metadata(&there).map_or(0, |found| found.permissions().mode()) & 0o777;
    let mut findings = vec![if is_new {
        Finding::ok(FOLDER, format!("{shown} is not there yet: the first start makes it"))
    } else if mode & OTHERS == 0 {
        Finding::ok(FOLDER, format!("{shown} is written, mode {mode:o}"))
    } else {
        let seen = format!("{shown} has mode {mode:o}: others see keys, mails and addresses");
        Finding::warning(FOLDER, seen, format!("chmod 700 {shown}"))
    }];
    findings.extend(space(&there));
    findings
}

/// The folder, or the nearest above it that is there.
fn existing(path: &Path) -> io::Result<PathBuf> {
    if path.is_dir() {
        return Ok(path.to_owned());
    }
    let absolute = std::path::absolute(path)?;
    let found = absolute.ancestors().find(|above| above.is_dir());
    found.map(Path::to_owned).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Writes a file and deletes it.
fn writable(folder: &Path) -> io::Result<()> {
    let number = random_bytes::<8>().map_err(io::Error::other)?;
    let path = folder.join(format!(".gatherly-doctor-{}", hex::encode(number)));
    let mut file = File::create_new(&path)?;
    let written = file.write_all(b"here").and_then(|()| file.sync_all());
    fs::remove_file(&path)?;
    written
}

fn space(folder: &Path) -> Option<Finding> {
    let found = rustix::fs::statvfs(folder).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let seen = format!("{} MiB free", free >> 20);
    let advice = "make room: a full disk stops everything that writes";
    Some(match free {
        SPACE_MIN.. => Finding::ok(FOLDER, seen),
        SPACE_NEEDED.. => Finding::warning(FOLDER, seen, advice),
        _ => Finding::failed(FOLDER, seen, advice),
    })
}

/// Whether folder `path` is written, or will be.
pub(super) fn takes_files(path: &Path) -> io::Result<()> {
    writable(&existing(path)?)
}

fn keys(config: &Config) -> Finding {
    let named = &config.sessions.signing_keys;
    let made = config.data_dir.join("signing-keys");
    let file = if named.is_empty() { made.as_path() } else { Path::new(named) };
    let shown = file.display();
    // What is not there would be made.
    if !file.exists() && named.is_empty() {
        return Finding::ok(KEYS, format!("{shown} is not there yet: the first start makes it"));
    }
    if let Err(error) = Keys::load(named, &config.data_dir) {
        let advice = "one key a line, 32 random bytes in base64; the same on every server";
        return Finding::failed(KEYS, reasons(&error), advice);
    }
    let mode = fs::metadata(file).map_or(0, |found| found.permissions().mode()) & 0o777;
    if mode & OTHERS == 0 {
        return Finding::ok(KEYS, format!("{shown}, mode {mode:o}"));
    }
    let seen = format!("{shown} has mode {mode:o}: who reads it can be anybody");
    Finding::warning(KEYS, seen, format!("chmod 600 {shown}"))
}

/// What the settings say of how the server is reached.
fn addresses(config: &Config) -> Vec<Finding> {
    let (server, url) = (&config.server, config.public_url());
    let mut findings = Vec::new();
    let host = config.public_host();
    let is_here = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if server.public_url.is_empty() && !server.listen.ip().is_loopback() {
        let seen = format!("public_url is not set: links in mails begin with {url}");
        findings.push(Finding::warning(ADDRESSES, seen, "set server.public_url"));
    } else if url.starts_with("http://") && !is_here {
        let seen = format!("{url} is not encrypted: passwords can be read on the way");
        let advice = "put a proxy with TLS before the server, and https:// in server.public_url";
        findings.push(Finding::warning(ADDRESSES, seen, advice));
    }
    if url.starts_with("https://") && server.trusted_proxies.is_empty() {
        findings.push(Finding::warning(
            ADDRESSES,
            "no trusted proxies: everybody has the address of what ends TLS, and shares its limits",
            "name its network in server.trusted_proxies",
        ));
    }
    if let Some(all) = server.trusted_proxies.iter().find(|network| network.prefix_len() == 0) {
        let seen = format!("{all} is trusted: everybody says what address they have");
        let advice = "name only the proxy's network in server.trusted_proxies";
        findings.push(Finding::failed(ADDRESSES, seen, advice));
    }
    if let Some(metrics) = server.metrics_address().filter(|it| it.ip().is_unspecified()) {
        let seen = format!("metrics are on {metrics}, every address of this machine");
        let advice = "see that only yours reach it, or set server.metrics_listen";
        findings.push(Finding::warning(ADDRESSES, seen, advice));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ADDRESSES, format!("{url}, listens on {}", server.listen)));
    }
    findings
}
