//! Access tokens: JWTs with one fixed algorithm, signed by a key that is made on
//! the first start. Times are checked against the server's own clock.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Once,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::ErrorKind,
};
use ring::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{
    Error,
    clock::Timestamp,
    ids::{AccountId, SessionId, new_uuid},
    secret::{HashKeys, Secret, hmac_sha256, random_bytes, sha256_hex},
};

/// The one algorithm.
const ALGORITHM: Algorithm = Algorithm::HS256;
/// Media type of an access token (RFC 9068), so that no other JWT is taken for one.
const TYPE: &str = "at+jwt";
const ISSUER: &str = "gatherly";
const AUDIENCE: &str = "gatherly-api";
/// Bytes of a key: as many as the hash has (RFC 7518, 3.2).
const KEY_BYTES: usize = 32;
/// Seconds that two machines' clocks may differ.
const LEEWAY_SECONDS: i64 = 5;
/// Longest token that is looked at; ours have about 400 bytes.
const MAX_TOKEN_BYTES: usize = 2_048;

/// What the key of pseudonyms is derived for, so that it is no other key.
const PSEUDONYMS: &[u8] = b"pseudonyms";
/// The same for hashes of what people are known by.
const IDENTITIES: &[u8] = b"identities";
/// The same for refresh tokens that are made of those before them.
const SUCCESSORS: &[u8] = b"successors";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or made.
    #[error("the signing keys in {0} cannot be read or made")]
    File(String, #[source] io::Error),
    /// A line is not a key.
    #[error("{0}, line {1}: not 32 bytes in base64")]
    NotAKey(String, usize),
}

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    pseudonyms: Secret<Vec<u8>>,
    identities: Secret<Vec<u8>>,
    successors: Secret<Vec<u8>>,
}

impl Key {
    fn new(bytes: &[u8]) -> Self {
        Self {
            id: sha256_hex(bytes).chars().take(16).collect(),
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
            pseudonyms: Secret::new(hmac_sha256(bytes, PSEUDONYMS)),
            identities: Secret::new(hmac_sha256(bytes, IDENTITIES)),
            successors: Secret::new(hmac_sha256(bytes, SUCCESSORS)),
        }
    }
}

/// The keys that access tokens are signed with: the first signs, all verify, so
/// that a key can be replaced without signing anybody out.
pub struct Keys {
    keys: Vec<Key>,
    /// What every token has to say; made once, for it is needed at every request.
    validation: Validation,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Keys {
    /// The keys that the settings name, or else those of the data folder, which
    /// are made, for their owner only, if they are not there.
    pub fn load(configured: &str, data_dir: &Path) -> Result<Self, KeysError> {
        install_provider();
        let made = data_dir.join("signing-keys");
        let file = if configured.is_empty() { &made } else { Path::new(configured) };
        let name = || file.display().to_string();
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && configured.is_empty() => {
                create(file)
            }
            text => text,
        };
        let text = text.map_err(|error| KeysError::File(name(), error))?;
        let keys = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, line)| parse(line).ok_or_else(|| KeysError::NotAKey(name(), number + 1)))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(KeysError::NotAKey(name(), 1));
        }
        Ok(Self { keys, validation: validation() })
    }

    /// The key that makes pseudonyms of people, the same on every server that
    /// has these keys.
    pub fn pseudonyms(&self) -> Secret<Vec<u8>> {
        self.keys.first().map_or_else(|| Secret::new(Vec::new()), |key| key.pseudonyms.clone())
    }

    /// The keys of hashes that are stored in place of what people are known by.
    pub fn identities(&self) -> HashKeys {
        HashKeys::new(self.keys.iter().map(|key| key.identities.expose().clone()))
    }

    /// The refresh token that takes the place of another at a time: the same however often
    /// it is asked for, so that nothing but its hash is stored, and a token that nobody
    /// can make who has only the other.
    pub(super) fn successor(&self, token: &str, at: Timestamp) -> Result<Secret<String>, Error> {
        let key = self.keys.first().ok_or_else(|| Error::internal("no signing key"))?;
        let made_of = format!("{}\0{token}", at.0);
        let made = hmac_sha256(key.successors.expose(), made_of.as_bytes());
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(made)))
    }

    /// A token for a session.
    pub(super) fn sign(
        &self,
        account: AccountId,
        session: SessionId,
        now: Timestamp,
        lifetime: std::time::Duration,
    ) -> Result<Secret<String>, Error> {
        let seconds = now.0.div_euclid(1_000);
        let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(0);
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: account.0,
            sid: session.0,
            jti: new_uuid(now),
            iat: seconds,
            nbf: seconds,
            exp: seconds + lifetime,
        };
        let key = self.keys.first().ok_or_else(|| Error::internal("no signing key"))?;
        let header =
            Header { typ: Some(TYPE.into()), kid: Some(key.id.clone()), ..Header::new(ALGORITHM) };
        jsonwebtoken::encode(&header, &claims, &key.encoding)
            .map(Secret::new)
            .map_err(Error::internal)
    }

    /// The session that a token proves.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<SessionId, Error> {
        const INVALID: Error = Error::Unauthenticated("invalid_token");
        if token.len() > MAX_TOKEN_BYTES {
            return Err(INVALID);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| INVALID)?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(INVALID);
        }
        let key =
            self.keys.iter().find(|key| Some(&key.id) == header.kid.as_ref()).ok_or(INVALID)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation)
            .map_err(|_| INVALID)?
            .claims;
        let seconds = now.0.div_euclid(1_000);
        if claims.exp.saturating_add(LEEWAY_SECONDS) <= seconds {
            return Err(Error::Unauthenticated("expired_token"));
        }
        // A token is good from the moment it is signed. `nbf` is not compared: it is in
        // the future only if the clock was set back since.
        Ok(SessionId(claims.sid))
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(ALGORITHM);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    // Times are checked above, by the server's own clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn parse(line: &str) -> Option<Key> {
    let bytes = STANDARD.decode(line.trim()).ok()?;
    (bytes.len() == KEY_BYTES).then(|| Key::new(&bytes))
}

fn create(file: &Path) -> io::Result<String> {
    let key = random_bytes::<KEY_BYTES>().map_err(io::Error::other)?;
    let text = format!("{}\n", STANDARD.encode(key));
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match opened {
        Ok(mut opened) => {
            opened.write_all(text.as_bytes())?;
            opened.sync_all()?;
            Ok(text)
        }
        // Another process was faster: its keys are the forum's.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read_to_string(file),
        Err(error) => Err(error),
    }
}

/// HMAC by `ring`, the crypto library of the whole server, for `jsonwebtoken`,
/// which brings none of its own.
struct Hmac(hmac::Key);

impl signature::Signer<Vec<u8>> for Hmac {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl signature::Verifier<Vec<u8>> for Hmac {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hmac {
    fn algorithm(&self) -> Algorithm {
        ALGORITHM
    }
}

impl JwtVerifier for Hmac {
    fn algorithm(&self) -> Algorithm {
        ALGORITHM
    }
}

fn hmac_of(algorithm: Algorithm, secret: &[u8]) -> jsonwebtoken::errors::Result<Hmac> {
    if algorithm == ALGORITHM {
        Ok(Hmac(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    } else {
        Err(ErrorKind::InvalidAlgorithm.into())
    }
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(hmac_of(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| Ok(Box::new(hmac_of(*algorithm, key.try_get_as_bytes()?)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails only when one is installed already, which ONCE rules out.
        let _ = PROVIDER.install_default();
    });
}
