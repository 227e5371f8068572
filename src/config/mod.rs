//! The settings: compiled-in defaults (`gatherly.toml`), a file, the environment,
//! each going before the one ahead of it. Validated once, at the start; a bad
//! setting is told with its source, its key and the rule.

mod accounts;
mod database;
mod decisions;
mod jobs;
mod limits;
mod log;
mod mail;
mod media;
mod outbound;
mod plugins;
mod redis;
mod retention;
mod server;
mod unreadable;

use std::path::{Path, PathBuf};

use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use serde::Deserialize;

use crate::base::plain;

pub use accounts::{Accounts, CommunityCreation, Forum, Registration, Sessions};
pub use database::{Cache, Database, Synchronous};
pub use decisions::{Decisions, MAX_ALLOWS};
pub use jobs::{JobBackend, Jobs};
pub use limits::{Limits, Quota};
pub use log::{Log, LogFormat};
pub use mail::{Mail, MailTransport, SmtpTls};
pub use media::{Checksums, Media, MediaStore, S3};
pub use outbound::Outbound;
pub use plugins::{Allocator, COMPILE_CEILING_SECONDS, MEMORY_CEILING_MIB, Plugins};
pub use redis::Redis;
pub use retention::Retention;
pub use server::Server;

/// The default settings, which are also their manual.
pub const DEFAULTS: &str = include_str!("../../gatherly.toml");
/// What the names of environment variables begin with.
pub const ENV_PREFIX: &str = "GATHERLY_";
/// What stands behind that prefix without being a setting: the token of
/// `gatherly plugin push` and its like.
const NOT_SETTINGS: &[&str] = &["token"];

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of everything that Gatherly writes.
    pub data_dir: PathBuf,
    /// `[server]`
    pub server: Server,
    /// `[database]`
    pub database: Database,
    /// `[redis]`
    pub redis: Redis,
    /// `[jobs]`
    pub jobs: Jobs,
    /// `[accounts]`
    pub accounts: Accounts,
    /// `[sessions]`
    pub sessions: Sessions,
    /// `[forum]`
    pub forum: Forum,
    /// `[cache]`
    pub cache: Cache,
    /// `[limits]`
    pub limits: Limits,
    /// `[plugins]`
    pub plugins: Plugins,
    /// `[media]`
    pub media: Media,
    /// `[outbound]`
    pub outbound: Outbound,
    /// `[mail]`
    pub mail: Mail,
    /// `[decisions]`
    pub decisions: Decisions,
    /// `[retention]`
    pub retention: Retention,
    /// `[log]`
    pub log: Log,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value of the wrong type, an unknown key, a file that is not TOML.
    #[error("{0}")]
    Unreadable(String),
    /// The file that was named is not there.
    #[error("{}: there is no such file", .0.display())]
    NoFile(PathBuf),
    /// A value that breaks a rule.
    #[error("{origin}: {key}: {rule}")]
    Invalid {
        /// Where the value came from.
        origin: String,
        /// The key, with its section.
        key: &'static str,
        /// The rule that it breaks.
        rule: String,
    },
}

/// A key and the rule that its value breaks.
pub type Broken = (&'static str, String);

/// Reads a file that is not the settings' but as strict: unknown keys are told.
pub fn from_toml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    Toml::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start));
        let line = line.map_or(1, |before| before.split('\n').count());
        let plain::Broken { field, message, .. } = plain::Broken::parse(error.message());
        let field = field.map(|field| format!("`{field}` ")).unwrap_or_default();
        format!("TOML, line {line}: {field}{message}")
    })
}

impl Config {
    /// Reads defaults, then `file`, then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError::NoFile(file.to_owned()));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let environment = Env::prefixed(ENV_PREFIX).ignore(NOT_SETTINGS).split("__");
        Self::extract(&figment.merge(environment))
    }

    /// The defaults alone, whatever the environment says.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::extract(&Figment::from(Toml::string(DEFAULTS)))
    }

    fn extract(figment: &Figment) -> Result<Self, ConfigError> {
        let config: Self =
            figment.extract().map_err(|error| ConfigError::Unreadable(unreadable::told(error)))?;
        config.validate().map_err(|(key, rule)| {
            let origin = figment.find_metadata(key).map_or_else(
                || "settings".to_owned(),
                |metadata| {
                    metadata
                        .source
                        .as_ref()
                        .map_or_else(|| metadata.name.to_string(), ToString::to_string)
                },
            );
            ConfigError::Invalid { origin, key, rule }
        })?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), Broken> {
        self.server.validate()?;
        self.database.validate()?;
        self.redis.validate()?;
        self.jobs.validate(self.redis.is_set())?;
        self.accounts.validate()?;
        self.sessions.validate()?;
        self.plugins.validate()?;
        self.media.validate()?;
        self.outbound.validate()?;
        self.mail.validate()?;
        self.decisions.validate()?;
        self.retention.validate()?;
        self.log.validate()
    }

    /// The file of the embedded database.
    pub fn database_file(&self) -> PathBuf {
        self.database.file().unwrap_or_else(|| self.data_dir.join("gatherly.db"))
    }

    /// What clients call this server.
    pub fn public_url(&self) -> String {
        if self.server.public_url.is_empty() {
            format!("http://{}", self.server.listen)
        } else {
            self.server.public_url.trim_end_matches('/').to_owned()
        }
    }

    /// The host of that, without its port.
    pub fn public_host(&self) -> String {
        let url = self.public_url();
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
        let without_port = match host.strip_prefix('[') {
            Some(numbers) => numbers.split(']').next(),
            None => host.split(':').next(),
        };
        without_port.unwrap_or_default().to_owned()
    }

    /// Where mails are kept that are files.
    pub fn mail_folder(&self) -> PathBuf {
        let folder = &self.mail.folder;
        if folder.as_os_str().is_empty() { self.data_dir.join("mail") } else { folder.clone() }
    }
}
