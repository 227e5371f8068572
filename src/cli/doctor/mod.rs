//! `gatherly doctor`: looks at everything that the settings name, whether a server
//! runs or not, and says what to do. It starts no server, migrates nothing, and
//! changes nothing but files, keys and objects of its own, which it deletes. Each
//! look has its time; none waits for a backend that is gone.

mod host;
mod stores;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use tokio::time::timeout;

use crate::{
    base::{
        clock::Clock,
        finding::{Finding, Level},
    },
    config::Config,
    db, hooks, redis,
};

/// How long files of this machine have: more than any disk that works.
const HOST_LIMIT: Duration = Duration::from_secs(5);
/// The database bounds its own time by less than this.
const DATABASE_LIMIT: Duration = Duration::from_secs(45);
/// Connecting, TLS and some short calls, over a slow network.
const REDIS_LIMIT: Duration = Duration::from_secs(5);
/// Credentials that come from somewhere else, and three calls.
const PICTURES_LIMIT: Duration = Duration::from_secs(15);
/// A greeting may be late on purpose: servers keep floods away with it.
const MAIL_LIMIT: Duration = Duration::from_secs(10);
/// Starting a process and building the engine; of an unoptimised one too.
const PLUGINS_LIMIT: Duration = Duration::from_secs(10);

/// Looks, and prints a line for each thing that was looked at.
pub(super) fn run(config: &Config, compiler: PathBuf) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let findings = runtime.block_on(Box::pin(look(config, compiler)));
    // A look-up of a name that nobody answers is not waited for.
    runtime.shutdown_background();
    for finding in &findings {
        super::plugin::print(&finding.to_string());
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (failed, warnings) = (count(Level::Failed), count(Level::Warning));
    super::plugin::print(&format!("{failed} failed, {warnings} warnings"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Everything at once; told in this order.
async fn look(config: &Config, compiler: PathBuf) -> Vec<Finding> {
    let clock = Clock::system();
    let host = in_time("this machine", HOST_LIMIT, host::look(config));
    let database = in_time("database", DATABASE_LIMIT, db::checkup(config, &clock));
    let redis = in_time("redis", REDIS_LIMIT, redis_of(config, &clock));
    let pictures = in_time("pictures", PICTURES_LIMIT, stores::pictures(config, &clock));
    let mail = in_time("mail", MAIL_LIMIT, stores::mail(config));
    let plugins = in_time("plugins", PLUGINS_LIMIT, plugins(compiler));
    let looks = tokio::join!(host, database, redis, pictures, mail, plugins);
    [looks.0, looks.1, looks.2, looks.3, looks.4, looks.5].concat()
}

async fn in_time(
    subject: &'static str,
    limit: Duration,
    look: impl Future<Output = Vec<Finding>>,
) -> Vec<Finding> {
    timeout(limit, Box::pin(look)).await.unwrap_or_else(|_elapsed| {
        let seen = format!("no answer in {} s", limit.as_secs());
        let advice = "see that it runs, and that nothing between drops what is sent to it";
        vec![Finding::failed(subject, seen, advice)]
    })
}

async fn redis_of(config: &Config, clock: &Clock) -> Vec<Finding> {
    if config.redis.is_set() {
        return redis::checkup(&config.redis, clock).await;
    }
    vec![Finding::ok("redis", "none: one server needs none")]
}

async fn plugins(compiler: PathBuf) -> Vec<Finding> {
    const PLUGINS: &str = "plugins";
    vec![match hooks::try_out_compiler(compiler, PLUGINS_LIMIT).await {
        Ok(()) => Finding::ok(PLUGINS, "the compiler's process starts within its limits"),
        Err(error) => {
            let advice = "let the server's user start this program again, with 512 MiB of memory";
            Finding::failed(PLUGINS, error.to_string(), advice)
        }
    }]
}
