//! `gatherly admin`: the only way to the first admin.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use crate::{
    accounts::Applicant,
    app::App,
    base::{Error, clock::Clock},
    config::Config,
};

#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Make an account that runs the site; asks for its password, or reads it from a pipe
    Create {
        /// The account's name
        username: String,
        /// The account's mail address
        #[arg(long)]
        email: String,
    },
}

impl Admin {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let Self::Create { username, email } = self;
        let password = super::terminal::password(&username)?;
        let app = App::build(config, Clock::system(), super::compiler()?).await?;
        let created = app.accounts.create_admin(Applicant { username, email, password }).await;
        app.db.close().await;
        match created {
            Ok(account) => {
                println!("{} is an admin.", account.username);
                Ok(ExitCode::SUCCESS)
            }
            Err(Error::Invalid(fields)) => {
                for field in fields {
                    eprintln!("{}: {}", field.field, field.message);
                }
                Ok(ExitCode::FAILURE)
            }
            Err(Error::Conflict { message, .. }) => bail!("{message}"),
            Err(error) => Err(error.into()),
        }
    }
}
