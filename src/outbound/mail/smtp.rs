//! Mail to a mail server, over few connections that are kept for the next.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{MailerError, Undelivered};
use crate::config::{self, SmtpTls};

/// A mail server and how it is spoken to.
pub(super) struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    /// As the settings say. `name` is what this server calls itself.
    pub(super) fn new(settings: &config::Mail, name: &str) -> Result<Self, MailerError> {
        let tls = match settings.smtp_tls {
            SmtpTls::Implicit => Tls::Wrapper(encryption(settings)?),
            SmtpTls::Starttls => Tls::Required(encryption(settings)?),
            SmtpTls::None => Tls::None,
        };
        let name = name.parse().map_or_else(
            |_| ClientId::Domain(name.to_owned()),
            |address: std::net::IpAddr| match address {
                std::net::IpAddr::V4(address) => ClientId::Ipv4(address),
                std::net::IpAddr::V6(address) => ClientId::Ipv6(address),
            },
        );
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.smtp_host.clone())
                .port(settings.smtp_port)
                .tls(tls)
                .hello_name(name)
                .timeout(Some(settings.timeout()))
                .pool_config(PoolConfig::new().max_size(settings.smtp_connections));
        if !settings.smtp_user.is_empty() {
            let password = settings.smtp_password.expose().clone();
            builder = builder.credentials(Credentials::new(settings.smtp_user.clone(), password));
        }
        Ok(Self(builder.build()))
    }

    /// Whether the server is there.
    pub(super) async fn reach(&self) -> Result<(), Undelivered> {
        match self.0.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Undelivered::Unreachable("it does not answer".to_owned())),
            Err(error) => Err(told(&error)),
        }
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, message: Message) -> Result<(), Undelivered> {
        match self.0.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }
}

fn encryption(settings: &config::Mail) -> Result<TlsParameters, MailerError> {
    let mut builder = TlsParameters::builder(settings.smtp_host.clone());
    if !settings.smtp_ca.as_os_str().is_empty() {
        let bad = |error: Box<dyn std::error::Error + Send + Sync>| {
            MailerError::Authority(settings.smtp_ca.clone(), error)
        };
        let pem = std::fs::read(&settings.smtp_ca).map_err(|error| bad(error.into()))?;
        let authority = Certificate::from_pem(&pem).map_err(|error| bad(error.into()))?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build_rustls().map_err(|error| MailerError::Encryption(error.into()))
}

/// What went wrong, without the server's words: it repeats addresses.
fn told(error: &smtp::Error) -> Undelivered {
    let code = error.status().map_or_else(|| "no code".to_owned(), |code| code.to_string());
    if error.is_permanent() {
        // The first is about who we are, the others about this mail.
        return match code.as_str() {
            "530" | "534" | "535" | "538" => Undelivered::Unreachable(format!("code {code}")),
            _ => Undelivered::Refused(format!("code {code}")),
        };
    }
    if error.is_transient() {
        return match code.as_str() {
            "421" | "454" => Undelivered::Unreachable(format!("code {code}")),
            _ => Undelivered::PutOff(format!("code {code}")),
        };
    }
    let what = if error.is_timeout() {
        "it does not answer"
    } else if error.is_tls() {
        "no encrypted connection can be made"
    } else if error.is_response() {
        "its answer is none"
    } else {
        "there is no connection"
    };
    Undelivered::Unreachable(what.to_owned())
}
