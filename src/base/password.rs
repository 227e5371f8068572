//! Passwords: argon2id, off the async threads, a few at once. Work is the same
//! whether an account exists or not.
//!
//! A password is hashed in one form (`OpaqueString`, RFC 8265): keyboards and systems
//! compose accents differently. Hashes of earlier programs were made of what was typed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use super::{
    Error,
    secret::{Secret, random_bytes},
};

/// Memory in KiB, rounds and lanes: OWASP's password storage cheat sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const ROUNDS: u32 = 2;
const LANES: u32 = 1;
/// Bytes of salt: RFC 9106 recommends 16.
const SALT_BYTES: usize = 16;
/// How long a request waits for its turn at hashing. A queue that is longer than
/// this would only grow. The same time is the `Retry-After` of a request that got no turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a password is the one that a hash was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The password is another one.
    No,
    /// The password is this one.
    Yes,
    /// The hash was made of the password as it was typed, and is to be made anew.
    AsTyped,
}

impl Match {
    /// Whether the password is the one.
    pub fn is_right(self) -> bool {
        self != Self::No
    }
}

/// A password in the form that is hashed: NFC, every space an ASCII one.
fn prepared(password: &str) -> String {
    let is_space = |c: char| !c.is_ascii() && c.is_whitespace();
    password.nfc().map(|c| if is_space(c) { ' ' } else { c }).collect()
}

/// Computes and checks hashes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    hasher: Arc<Hasher>,
    turns: Arc<Semaphore>,
}

#[derive(Debug)]
struct Hasher {
    params: Params,
    /// Working memory that is not in use. It is kept: half of the cost of a hash
    /// is the system's work for fresh memory, and an allocator would keep more.
    memory: Mutex<Vec<Vec<Block>>>,
    /// Checked against when there is no account, for the same work.
    nobody: String,
}

impl Passwords {
    /// At most `concurrency` hashes at once.
    pub fn new(concurrency: usize) -> Result<Self, Error> {
        let params = Params::new(MEMORY_KIB, ROUNDS, LANES, None).map_err(internal)?;
        let mut hasher = Hasher { params, memory: Mutex::default(), nobody: String::new() };
        hasher.nobody = hasher.hash("nobody has this password")?;
        Ok(Self { hasher: Arc::new(hasher), turns: Arc::new(Semaphore::new(concurrency)) })
    }

    /// The hash of a new password, as a PHC string.
    pub async fn hash(&self, password: Secret<String>) -> Result<String, Error> {
        self.run(move |hasher| hasher.hash(&prepared(password.expose()))).await
    }

    /// Whether `password` is the one that `stored` was made of. Without a stored
    /// hash the answer is no, after the same work: one hash, and another one for a
    /// password that was not typed in the form that is hashed.
    pub async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<String>,
    ) -> Result<Match, Error> {
        self.run(move |hasher| {
            let against = stored.as_ref().unwrap_or(&hasher.nobody);
            let (typed, prepared) = (password.expose(), prepared(password.expose()));
            let found = if hasher.verify(&prepared, against)? {
                Match::Yes
            } else if prepared != *typed && hasher.verify(typed, against)? {
                Match::AsTyped
            } else {
                Match::No
            };
            Ok(if stored.is_some() { found } else { Match::No })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Error::Busy { what: "password hashing", retry_after: PATIENCE });
        };
        let hasher = Arc::clone(&self.hasher);
        let result = tokio::task::spawn_blocking(move || {
            let result = work(&hasher);
            drop(turn);
            result
        });
        result.await.map_err(Error::internal)?
    }
}

impl Hasher {
    fn hash(&self, password: &str) -> Result<String, Error> {
        let salt = random_bytes::<SALT_BYTES>()?;
        let output = self.compute(&self.params, password, &salt)?;
        let hash = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(internal)?,
            salt: Some(Salt::new(&salt).map_err(internal)?),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    /// Whether the password has this hash; false for one that is not ours.
    fn verify(&self, password: &str, stored: &str) -> Result<bool, Error> {
        let Ok(stored) = PasswordHash::new(stored) else { return Ok(false) };
        let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return Ok(false) };
        // Memory and rounds come from the string: one that asks for more than
        // any of ours did not come from here.
        let Some(params) = Params::try_from(&stored).ok().filter(|params| {
            params.m_cost() <= MEMORY_KIB && params.t_cost() <= ROUNDS && params.p_cost() <= LANES
        }) else {
            return Ok(false);
        };
        let is_argon2id = stored.algorithm == ARGON2ID_IDENT;
        // Equality of outputs takes the same time wherever they differ.
        Ok(self.compute(&params, password, salt.as_ref())? == *expected && is_argon2id)
    }

    fn compute(&self, params: &Params, password: &str, salt: &[u8]) -> Result<Output, Error> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let mut memory = self.lock().pop().unwrap_or_default();
        memory.resize(memory.len().max(params.block_count()), Block::default());
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let done = argon2.hash_password_into_with_memory(
            password.as_bytes(),
            salt,
            &mut output,
            &mut memory,
        );
        self.lock().push(memory);
        done.map_err(internal)?;
        Output::new(&output).map_err(internal)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_is_known_by_its_password_only() {
        let passwords = Passwords::new(2).unwrap();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verify = async |text: &str, hash: Option<&String>| {
            passwords.verify(secret(text), hash.cloned()).await.unwrap()
        };
        assert_eq!(verify("correct horse", Some(&hash)).await, Match::Yes);
        assert_eq!(verify("correct horsf", Some(&hash)).await, Match::No);
        assert_eq!(verify("nobody has this password", None).await, Match::No);
        let again = passwords.hash(secret("correct horse")).await.unwrap();
        assert_ne!(hash, again, "salted");
        // Memory is used again, and never more than was used at once.
        assert_eq!(passwords.hasher.lock().len(), 1);
    }

    #[tokio::test]
    async fn a_hash_that_gets_no_turn_is_refused_as_busy() {
        let passwords = Passwords::new(0).unwrap();
        let refused = passwords.verify(secret("correct horse"), None).await;
        assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn the_library_itself_agrees() {
        use argon2::PasswordVerifier;
        let hash = Passwords::new(1).unwrap().hash(secret("pässword")).await.unwrap();
        let parsed = PasswordHash::new(&hash).unwrap();
        assert!(Argon2::default().verify_password("pässword".as_bytes(), &parsed).is_ok());
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_its_accents_and_spaces_are_composed() {
        let passwords = Passwords::new(1).unwrap();
        let composed = "pässwörd ünïque";
        let decomposed: String = composed.nfd().collect();
        let wide = composed.replace(' ', "\u{3000}");
        let hash = passwords.hash(secret(composed)).await.unwrap();
        for typed in [composed, &decomposed, &wide] {
            let found = passwords.verify(secret(typed), Some(hash.clone())).await.unwrap();
            assert_eq!(found, Match::Yes, "{typed:?}");
        }
        // A hash of what was typed, as earlier programs made it.
        let old = passwords.hasher.hash(&decomposed).unwrap();
        let verify =
            async |typed: &str| passwords.verify(secret(typed), Some(old.clone())).await.unwrap();
        assert_eq!(verify(&decomposed).await, Match::AsTyped);
        assert_eq!(verify(composed).await, Match::No);
    }

    #[tokio::test]
    async fn strange_hashes_match_nothing_and_cost_little() {
        let passwords = Passwords::new(1).unwrap();
        for strange in [
            "",
            "correct horse",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            "$argon2id$v=19$m=4194304,t=9,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
            "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
        ] {
            let matches = passwords.verify(secret("correct horse"), Some(strange.into())).await;
            assert_eq!(matches.unwrap(), Match::No, "{strange}");
        }
    }
}
