//! Values that must not appear in a log, and tokens that cannot be guessed.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{Context, SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

/// A value that shows as `***`. Read it with [`Secret::expose`].
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; never for a log.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The system has no source of randomness: nothing secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub struct NoRandomness;

/// Random bytes from the system.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map(|()| bytes).map_err(|_| NoRandomness)
}

/// A token of 256 random bits, as 43 URL-safe characters.
pub fn random_token() -> Result<Secret<String>, NoRandomness> {
    Ok(Secret(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?)))
}

/// What is stored in place of a token. A token has 256 random bits, so that one
/// round of SHA-256 is enough.
pub fn token_hash(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// SHA-256 of several pieces, one behind the other.
pub fn sha256_of(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for piece in pieces {
        context.update(piece);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// HMAC with SHA-256: what only who has the key can make of `bytes`.
pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec()
}

/// Keys for hashes that are stored in place of what people are known by: their names,
/// their addresses, their networks. Nobody who has only the database can tell whose they are.
#[derive(Clone)]
pub struct HashKeys(Arc<[Vec<u8>]>);

impl fmt::Debug for HashKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl HashKeys {
    /// The first key makes what is stored; what the others made is still found.
    pub fn new(keys: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(keys.into_iter().collect())
    }

    /// The hash that is stored in place of a text of some kind.
    pub fn hash(&self, kind: &str, text: &str) -> Vec<u8> {
        self.all(kind, text).next().unwrap_or_default()
    }

    /// The hashes that may be stored in place of a text: by each key, by the first key first.
    pub fn all<'a>(&'a self, kind: &str, text: &str) -> impl Iterator<Item = Vec<u8>> + use<'a> {
        // No kind has a zero in it: texts of two kinds never meet.
        let keyed = format!("{kind}\0{text}");
        self.0.iter().map(move |key| hmac_sha256(key, keyed.as_bytes()))
    }
}

/// SHA-256 as 64 hexadecimal digits: how components and settings are named.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(sha256(bytes))
}
