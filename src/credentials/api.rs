//! `/email-verifications`, `/password-resets` and `/me/email`.

use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, types::Example};
use serde::Deserialize;

use super::service::Credentials;
use crate::{
    base::secret::Secret,
    http::{ClientAddress, Input, Problem, Tag},
    sessions::SignedIn,
};

/// Another address, and proof that it is the owner who wants it.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ChangeEmail {
    /// The address wanted. The old one stays until a mail to this one is answered.
    email: String,
    /// The account's password.
    password: String,
}

impl Example for ChangeEmail {
    fn example() -> Self {
        Self { email: "ada@example.com".into(), password: "correct horse battery".into() }
    }
}

/// Who has forgotten a password.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct AskToReset {
    /// The address of the account, which it has confirmed.
    email: String,
}

impl Example for AskToReset {
    fn example() -> Self {
        Self { email: "ada@example.org".into() }
    }
}

/// A new password.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ResetPassword {
    /// 8 to 128 characters; common ones are refused.
    new_password: String,
}

impl Example for ResetPassword {
    fn example() -> Self {
        Self { new_password: "a staple of another kind".into() }
    }
}

#[derive(ApiResponse)]
enum Asked {
    /// A mail is sent if there is somebody to send it to.
    #[oai(status = 202)]
    Asked,
}

#[derive(ApiResponse)]
enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}

/// Operations on credentials.
pub struct CredentialsApi {
    /// The feature.
    pub credentials: Credentials,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl CredentialsApi {
    /// Ask for a mail that confirms one's address
    ///
    /// For everybody who is signed in. One is sent at the registration already.
    #[oai(
        path = "/email-verifications",
        method = "post",
        operation_id = "request_email_verification"
    )]
    async fn ask_to_verify(&self, SignedIn(actor): SignedIn) -> Result<Asked, Problem> {
        self.credentials.ask_to_verify(&actor).await?;
        Ok(Asked::Asked)
    }

    /// Confirm an address
    ///
    /// For whoever has the code from the mail: it says whose address it is. Done
    /// again, it changes nothing. Codes that are not good any more are answered like
    /// those that never were.
    #[oai(path = "/email-verifications/:token", method = "post", operation_id = "verify_email")]
    async fn verify(
        &self,
        client: ClientAddress,
        /// The code from the mail.
        token: Path<String>,
    ) -> Result<Done, Problem> {
        self.credentials.verify(&token.0, client).await?;
        Ok(Done::Done)
    }

    /// Change one's address
    ///
    /// For everybody who is signed in. The new address is the account's once a mail
    /// to it was answered; then the old one is told.
    #[oai(path = "/me/email", method = "put", operation_id = "change_email")]
    async fn change_email(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<ChangeEmail>,
    ) -> Result<Asked, Problem> {
        let ChangeEmail { email, password } = body.0;
        self.credentials.change_email(&actor, &email, Secret::new(password)).await?;
        Ok(Asked::Asked)
    }

    /// Ask for a mail that sets another password
    ///
    /// For everybody. The answer does not tell whether anybody has the address; only
    /// one that was confirmed gets a mail.
    #[oai(path = "/password-resets", method = "post", operation_id = "request_password_reset")]
    async fn ask_to_reset(
        &self,
        client: ClientAddress,
        body: Input<AskToReset>,
    ) -> Result<Asked, Problem> {
        self.credentials.ask_to_reset(&body.0.email, client).await?;
        Ok(Asked::Asked)
    }

    /// Set another password with the code from a mail
    ///
    /// For whoever has the code, once, for some minutes. Ends all sessions.
    #[oai(path = "/password-resets/:token", method = "post", operation_id = "reset_password")]
    async fn reset(
        &self,
        client: ClientAddress,
        /// The code from the mail.
        token: Path<String>,
        body: Input<ResetPassword>,
    ) -> Result<Done, Problem> {
        let password = Secret::new(body.0.new_password);
        self.credentials.reset(&token.0, password, client).await?;
        Ok(Done::Done)
    }
}
