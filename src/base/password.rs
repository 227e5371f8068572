//! Passwords: argon2id, off the async threads, a few at once. Work is the same
//! whether an account exists or not.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use tokio::sync::Semaphore;

use super::{Error, secret::Secret};

/// Memory in KiB, rounds and lanes: OWASP's password storage cheat sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const ROUNDS: u32 = 2;
const LANES: u32 = 1;
/// How long a request waits for its turn at hashing. A queue that is longer than
/// this would only grow.
const PATIENCE: Duration = Duration::from_secs(5);

/// Computes and checks hashes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    /// Checked against when there is no account, for the same work.
    nobody: Arc<str>,
}

impl Passwords {
    /// At most `concurrency` hashes at once.
    pub fn new(concurrency: usize) -> Result<Self, Error> {
        let params = Params::new(MEMORY_KIB, ROUNDS, LANES, None)
            .map_err(|error| Error::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, "nobody has this password")?.into();
        Ok(Self { argon2, turns: Arc::new(Semaphore::new(concurrency)), nobody })
    }

    /// The hash of a new password, as a PHC string.
    pub async fn hash(&self, password: Secret<String>) -> Result<String, Error> {
        let argon2 = self.argon2.clone();
        self.run(move || hash(&argon2, password.expose())).await?
    }

    /// Whether `password` is the one that `stored` was made of. Without a stored
    /// hash the answer is no, after the same work.
    pub async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<String>,
    ) -> Result<bool, Error> {
        let argon2 = self.argon2.clone();
        let nobody = Arc::clone(&self.nobody);
        self.run(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| nobody.to_string());
            let Ok(stored) = PasswordHash::new(&stored) else {
                return false;
            };
            argon2.verify_password(password.expose().as_bytes(), &stored).is_ok() && known
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Error::Unavailable { what: "password hashing", retry_after: PATIENCE });
        };
        let result = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        result.await.map_err(Error::internal)
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String, Error> {
    argon2
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}
