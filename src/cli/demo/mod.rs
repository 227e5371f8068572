//! `gatherly serve --demo`: a small forum that looks lived in, with a policy at
//! work, and lines to try it with. Only an empty forum is filled; one that a
//! demo filled before is served as it is, and any other is left alone. Filling that was
//! interrupted, however it was, goes on at the next start: every step looks whether it was
//! done before.

mod fill;
mod story;
#[cfg(test)]
mod tests;
mod tour;

use std::{
    collections::HashSet,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};

use self::{fill::Filling, story::Story, tour::Tour};
use super::logging;
use crate::{
    app::App,
    base::{
        clock::{Clock, Timestamp},
        page::{MAX_LIMIT, PageRequest},
        secret::{Secret, random_bytes},
    },
    config::{COMPILE_CEILING_SECONDS, Config, MAX_ALLOWS, Registration, Synchronous},
    http::ClientAddress,
    posts::{PostFilter, PostSort},
};

/// Who runs a demo forum.
const ADMIN: &str = "host";
/// File with everybody's password in the data folder. It is there once a demo
/// has filled the forum.
const PASSWORD_FILE: &str = "demo-password";
/// File with that password and the time at which the story begins, from before the first
/// account is made until the forum is filled: the next start goes on with both.
const UNFINISHED_FILE: &str = "demo-unfinished";
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

/// The values that every attempt to fill a forum shares.
struct Plan {
    password: Secret<String>,
    /// When the story begins.
    start: Timestamp,
}

impl Plan {
    fn new() -> anyhow::Result<Self> {
        let password = Secret::new(hex::encode(random_bytes::<PASSWORD_BYTES>()?));
        let start = Timestamp(Clock::system().now().0 - i64::try_from(PAST.as_millis())?);
        Ok(Self { password, start })
    }

    fn read(text: &str) -> Option<Self> {
        let (password, start) = text.trim_end().split_once(' ')?;
        let start = Timestamp(start.parse().ok()?);
        Some(Self { password: Secret::new(password.to_owned()), start })
    }

    fn text(&self) -> String {
        format!("{} {}", self.password.expose(), self.start.0)
    }
}

impl Demo {
    /// Fills the forum if it is empty, or goes on where the filling was interrupted.
    /// Nothing else may use it meanwhile.
    pub(super) async fn prepare(config: &Config) -> anyhow::Result<Self> {
        let password_file = config.data_dir.join(PASSWORD_FILE);
        let unfinished_file = config.data_dir.join(UNFINISHED_FILE);
        if let Some(password) = read(&password_file)? {
            let password = Secret::new(password.trim_end().to_owned());
            return Ok(Self { password, password_file });
        }
        let unfinished = read(&unfinished_file)?.as_deref().and_then(Plan::read);
        let (folder, is_begun) = (config.data_dir.display(), unfinished.is_some());
        let plan = if let Some(plan) = unfinished {
            logging::tell(&format!("Going on with the demo forum in {folder}"));
            plan
        } else {
            logging::tell(&format!("Creating a demo forum in {folder}"));
            Plan::new()?
        };
        let app =
            App::build(settings(config), Clock::fixed(plan.start), super::compiler()?).await?;
        let filled = Box::pin(fill(&app, &plan, is_begun, &unfinished_file)).await;
        app.db.close().await;
        filled.context("the demo is not complete; the same command goes on where it stopped")?;
        write_private(&password_file, plan.password.expose())?;
        // What is left of it is not read any more.
        let _ = fs::remove_file(&unfinished_file);
        Ok(Self { password: plan.password, password_file })
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
    config.plugins.compile_seconds = COMPILE_CEILING_SECONDS;
    config
}

async fn fill(
    app: &App,
    plan: &Plan,
    is_begun: bool,
    unfinished_file: &Path,
) -> anyhow::Result<()> {
    let story = Story::read().context("the demo's story")?;
    let known = accounts(app).await?;
    let is_ours = |name: &String| story.accounts.iter().any(|person| person.name == *name);
    let may_be_filled = known.is_empty() || (is_begun && known.iter().all(is_ours));
    if !may_be_filled {
        bail!(
            "--demo fills empty forums only, and {} has accounts of its own: \
             set another folder, as in GATHERLY_DATA_DIR=demo gatherly serve --demo",
            app.config.data_dir.display()
        );
    }
    if !is_begun {
        write_private(unfinished_file, &plan.text())?;
    }
    let step = PAST / u32::try_from(story.steps() + 1)?;
    Filling::new(app, &story, &plan.password, step).run(&known).await
}

/// Names of all accounts, or of more than the story has.
async fn accounts(app: &App) -> anyhow::Result<HashSet<String>> {
    let here = ClientAddress(std::net::Ipv4Addr::LOCALHOST.into());
    let everybody = PageRequest { after: None, limit: MAX_LIMIT };
    let accounts = app.accounts.list("", here, &everybody).await?;
    Ok(accounts.items.into_iter().map(|account| account.username).collect())
}

/// The text of a file; `None` when it is absent or empty.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Writes a file that only its owner can read: all of it, or nothing.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let write = || {
        let new = path.with_extension("new");
        let mut file = fs::OpenOptions::new();
        let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
