//! Confirming addresses, changing them, and setting a password again.

use std::sync::Arc;

use super::store::{self, Known};
use crate::{
    accounts::{Email, Password},
    base::{Error, actor::Actor, clock::Clock, password::Passwords, secret::Secret},
    db::Db,
    http::{Action, ClientAddress, RateLimits},
    mail::{self, Kind, NewMail},
    sessions::Sessions,
};

/// What credentials are built on.
#[expect(missing_docs, reason = "each is named as its type")]
#[derive(Clone)]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
    pub passwords: Passwords,
    pub sessions: Sessions,
}

/// Credentials; cheap to clone.
#[derive(Clone)]
pub struct Credentials {
    parts: Parts,
}

impl Credentials {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Sends the actor another mail that confirms their address: the one that
    /// they want, or else the one that they have.
    pub(super) async fn ask_to_verify(&self, actor: &Actor) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Verification, actor).await?;
        let now = self.parts.clock.now();
        let mut tx = self.parts.db.begin().await?;
        let known = store::find(&mut tx, actor.id).await?.ok_or(Error::NotFound)?;
        let Some(address) = known.unconfirmed() else { return Err(verified_already()) };
        let (kind, values) = (Kind::VerifyAddress, Vec::new());
        let mail = NewMail { kind, account: Some(actor.id), address, values };
        mail::queue(&mut tx, mail, now).await?;
        Ok(tx.commit().await?)
    }

    /// Gives the actor's account another address, once that is confirmed.
    pub(super) async fn change_email(
        &self,
        actor: &Actor,
        email: &str,
        password: Secret<String>,
    ) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Password, actor).await?;
        self.parts.limits.check_actor(Action::Verification, actor).await?;
        let email = Email::parse(email)?;
        let wrong = || Error::invalid("password", "wrong", "is not the account's password");
        let verified = self.parts.sessions.verify_password(actor.id, password).await?;
        let verified = verified.ok_or_else(wrong)?;
        let now = self.parts.clock.now();
        let mut tx = self.parts.db.begin().await?;
        let known = store::find(&mut tx, actor.id).await?.ok_or(Error::NotFound)?;
        if known.is_verified(email.as_str()) {
            return Err(verified_already());
        }
        // What the account has already only has to be confirmed.
        let own = known.email.as_deref();
        let is_own = own.is_some_and(|own| own.eq_ignore_ascii_case(email.as_str()));
        let pending = (!is_own).then(|| email.as_str().to_owned());
        if !store::set_pending(&mut tx, (actor.id, &verified), pending).await? {
            return Err(wrong());
        }
        let mail = NewMail {
            kind: Kind::VerifyAddress,
            account: Some(actor.id),
            address: email.as_str().to_owned(),
            values: Vec::new(),
        };
        mail::queue(&mut tx, mail, now).await?;
        Ok(tx.commit().await?)
    }

    /// Confirms the address that a mail was sent to. Done again, it stays so.
    pub(super) async fn verify(&self, token: &str, client: ClientAddress) -> Result<(), Error> {
        self.parts.limits.check_network(Action::SignInNetwork, client).await?;
        let now = self.parts.clock.now();
        let proof = mail::find_proof(&self.parts.db, Kind::VerifyAddress, token, now).await?;
        let proof = proof.ok_or(Error::NotFound)?;
        let mut tx = self.parts.db.begin().await?;
        let known = store::find(&mut tx, proof.account).await?.ok_or(Error::NotFound)?;
        if known.is_verified(&proof.address) {
            return Ok(());
        }
        let confirmed = store::confirm(&mut tx, &proof, now).await.map_err(|error| {
            if error.is_unique("accounts.verified_key") {
                Error::conflict("email_taken", "Another account has this address.")
            } else {
                error.into()
            }
        })?;
        if !confirmed {
            // The account has, or wants, another address by now.
            return Err(Error::NotFound);
        }
        // Who reads the old mail must not set the password.
        mail::forget_proofs(&mut tx, proof.account, Kind::ResetPassword).await?;
        if let Some(old) = known.verified().filter(|old| *old != proof.address) {
            let mail = NewMail {
                kind: Kind::AddressChanged,
                account: Some(proof.account),
                address: old.to_owned(),
                values: Vec::new(),
            };
            mail::queue(&mut tx, mail, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Sends a mail with which one sets another password to an address, if
    /// somebody has it. Answer and work are the same if nobody has.
    pub(super) async fn ask_to_reset(
        &self,
        email: &str,
        client: ClientAddress,
    ) -> Result<(), Error> {
        self.parts.limits.check_network(Action::ResetNetwork, client).await?;
        let email = Email::parse(email)?;
        self.parts.limits.check_name(Action::ResetAddress, &email.key()).await?;
        let mut tx = self.parts.db.begin().await?;
        let mail = NewMail {
            kind: Kind::ResetPassword,
            account: None,
            address: email.as_str().to_owned(),
            values: Vec::new(),
        };
        mail::queue(&mut tx, mail, self.parts.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Sets another password with what a mail gave, once; ends all sessions.
    pub(super) async fn reset(
        &self,
        token: &str,
        password: Secret<String>,
        client: ClientAddress,
    ) -> Result<(), Error> {
        let Parts { db, clock, limits, passwords, sessions } = &self.parts;
        limits.check_network(Action::SignInNetwork, client).await?;
        let proof = mail::find_proof(db, Kind::ResetPassword, token, clock.now()).await?;
        let proof = proof.ok_or(Error::NotFound)?;
        let username = store::username(db, proof.account).await?.ok_or(Error::NotFound)?;
        let password = Password::parse("new_password", password, &username)?;
        let hash = passwords.hash(password.into_secret()).await?;
        let now = clock.now();
        let mut tx = db.begin().await?;
        // Of two that come at once, one finds it used.
        if !mail::spend_proof(&mut tx, Kind::ResetPassword, token, now).await?
            || !store::set_password(&mut tx, proof.account, hash).await?
        {
            return Err(Error::NotFound);
        }
        mail::forget_proofs(&mut tx, proof.account, Kind::ResetPassword).await?;
        sessions.end_all(&mut tx, proof.account, None).await?;
        mail::tell(&mut tx, proof.account, Kind::PasswordChanged, Vec::new(), now).await?;
        Ok(tx.commit().await?)
    }
}

fn verified_already() -> Error {
    Error::conflict("email_verified", "This address is confirmed already.")
}

impl Known {
    /// The address that is still to be confirmed, if there is one.
    fn unconfirmed(&self) -> Option<String> {
        let own = self.email.clone().filter(|_| self.verified_key.is_none());
        self.pending_email.clone().or(own)
    }

    /// The address, if it was confirmed.
    fn verified(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.verified_key.is_some())
    }

    fn is_verified(&self, address: &str) -> bool {
        // Addresses of earlier programs have the domain as it was typed.
        self.verified().is_some_and(|verified| verified.eq_ignore_ascii_case(address))
    }
}
