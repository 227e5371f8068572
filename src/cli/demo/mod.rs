//! `gatherly serve --demo`: a small forum that looks lived in, with a policy at
//! work, and lines to try it with. Only an empty forum is filled; one that a
//! demo filled before is served as it is, and any other is left alone.

mod fill;
mod story;
#[cfg(test)]
mod tests;
mod tour;

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};

use self::{fill::Filling, story::Story, tour::Tour};
use crate::{
    app::App,
    base::{
        clock::{Clock, Timestamp},
        page::PageRequest,
        secret::{Secret, random_bytes},
    },
    config::{Config, MAX_ALLOWS, Registration, Synchronous},
    http::ClientAddress,
    posts::{PostFilter, PostSort},
};

/// Who runs a demo forum.
const ADMIN: &str = "host";
/// File with everybody's password in the data folder. It is there once a demo
/// has filled the forum.
const PASSWORD_FILE: &str = "demo-password";
/// Random bytes of that password: more than anybody can try.
const PASSWORD_BYTES: usize = 10;
/// How long ago it all began.
const PAST: Duration = Duration::from_hours(14 * 24);
/// The name that automod gives itself.
const PLUGIN: &str = "automod";

/// A forum that a demo has filled.
pub(super) struct Demo {
    password: Secret<String>,
    password_file: PathBuf,
}

impl Demo {
    /// Fills the forum if it is empty. Nothing else may use it meanwhile.
    pub(super) async fn prepare(config: &Config) -> anyhow::Result<Self> {
        let password_file = config.data_dir.join(PASSWORD_FILE);
        match fs::read_to_string(&password_file) {
            Ok(password) => {
                let password = Secret::new(password.trim_end().to_owned());
                return Ok(Self { password, password_file });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{}", password_file.display()));
            }
        }
        let password = Secret::new(hex::encode(random_bytes::<PASSWORD_BYTES>()?));
        let now = Clock::system().now();
        let start = Timestamp(now.0 - i64::try_from(PAST.as_millis())?);
        let app = App::build(settings(config), Clock::fixed(start), super::compiler()?).await?;
        let filled = fill(&app, &password).await;
        app.db.close().await;
        filled?;
        write_private(&password_file, password.expose())
            .with_context(|| format!("{}", password_file.display()))?;
        Ok(Self { password, password_file })
    }

    /// What to try, for people.
    pub(super) async fn tour(&self, app: &App) -> anyhow::Result<String> {
        let newest = PageRequest { after: None, limit: 1 };
        let filter = PostFilter::default();
        let posts = app.forum.posts.list(None, (&filter, PostSort::New), &newest).await?;
        let plugins = app.versions.at_work(&PageRequest::parse(None, None)?).await?;
        let post = posts.items.first().map(|post| post.id);
        let bound = plugins.items.iter().find(|binding| binding.plugin == PLUGIN);
        let tour = Tour {
            url: &app.config.public_url(),
            has_docs: app.config.server.docs,
            password: &self.password,
            password_file: &self.password_file,
            aims: post.zip(bound.map(|binding| binding.id)),
        };
        Ok(tour.text())
    }
}

/// Settings for filling: as fast as can be, and nobody has to wait.
fn settings(config: &Config) -> Config {
    let mut config = config.clone();
    config.limits.enabled = false;
    config.database.synchronous = Synchronous::Normal;
    config.accounts.registration = Registration::Open;
    // One sign-in lasts through all the days that go by.
    config.sessions.access_minutes = 2 * PAST.as_secs() / 60;
    // Days go by in a second, and all of them can be replayed.
    config.decisions.allows_per_second = MAX_ALLOWS;
    config
}

async fn fill(app: &App, password: &Secret<String>) -> anyhow::Result<()> {
    let anybody = PageRequest { after: None, limit: 1 };
    let here = ClientAddress(std::net::Ipv4Addr::LOCALHOST.into());
    if !app.accounts.list("", here, &anybody).await?.items.is_empty() {
        bail!(
            "--demo fills empty forums only, and {} has accounts; set another data_dir",
            app.config.data_dir.display()
        );
    }
    let story = Story::read().context("the demo's story")?;
    let step = PAST / u32::try_from(story.steps() + 1)?;
    Filling::new(app, &story, password, step).run().await.context("filling the demo's forum")
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
