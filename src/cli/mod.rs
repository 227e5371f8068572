//! The command line. Each command is one file.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where people are told")]

mod admin;
mod demo;
mod doctor;
mod healthcheck;
mod heap;
mod jobs;
mod lambda;
mod logging;
mod plugin;
mod serve;
mod terminal;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Parser, Subcommand};
use rustix::fs::Mode;

use crate::{
    app::{App, make_private_dir},
    base::{clock::Clock, secret::Secret},
    config::Config,
    db::Db,
    hooks, routes,
};

/// A forum server whose rules are hot-loaded WebAssembly components
#[derive(Debug, Parser)]
#[command(name = "gatherly", version)]
struct Cli {
    /// File with settings; see gatherly.toml for all of them
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the forum
    Serve(serve::Serve),
    /// Bring the database up to date and stop
    Migrate,
    /// Look at every backend that the settings name, and say what to do
    Doctor,
    /// Ask the server that runs with these settings whether it is ready; for containers
    Healthcheck,
    /// Look after admins
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Look after what the server is still to do
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// Print the specification of the REST API
    Openapi,
    /// Make smaller copies of pictures, as a function of AWS Lambda beside the bucket
    Lambda,
    /// Build, inspect and try plugins
    Plugin(plugin::Command),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    heap::settle();
    // For libraries that take the process's one: else their first use panics.
    // Fails when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // For the server that started this process, and nobody else: so it is no command.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == hooks::COMPILE_COMMAND) {
        return compile(arguments.next());
    }
    match start(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            logging::fail(&error);
            ExitCode::FAILURE
        }
    }
}

/// Compiles a plugin: a child has neither settings nor a runtime. Its argument is how long
/// the component is.
fn compile(length: Option<OsString>) -> ExitCode {
    keep_private();
    match length.and_then(|length| length.to_str()?.parse().ok()) {
        Some(length) => hooks::run_compile_child(length),
        None => ExitCode::FAILURE,
    }
}

/// Keeps what the process writes from now on to the user that it runs as: files, sockets
/// and folders, whatever makes them.
fn keep_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

fn start(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = || Config::load(cli.config.as_deref()).context("settings");
    // What people make with the other commands is as private as all that they make.
    if !matches!(cli.command, Command::Plugin(_)) {
        keep_private();
    }
    match cli.command {
        Command::Serve(serve) => block_on(serve.run(config()?)),
        Command::Migrate => block_on(migrate(config()?)),
        Command::Doctor => doctor::run(&config()?, compiler()?),
        Command::Healthcheck => healthcheck::run(&config()?),
        Command::Admin(admin) => block_on(admin.run(config()?)),
        Command::Jobs(jobs) => block_on(jobs.run(config()?)),
        Command::Openapi => block_on(openapi(config()?)),
        Command::Lambda => block_on(lambda::run(config()?)),
        Command::Plugin(command) => block_on(plugin::run(command, &config()?.plugins)),
    }
}

fn block_on(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

/// This program, which compiles plugins when it is started again.
fn compiler() -> anyhow::Result<PathBuf> {
    // On Linux this is the program that runs, also after its file was replaced
    // by another version.
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().context("cannot find this program's own file")
}

async fn migrate(config: Config) -> anyhow::Result<ExitCode> {
    make_private_dir(&config.data_dir)?;
    let db = Db::open(&config).await?;
    db.close().await;
    println!("The database is up to date.");
    Ok(ExitCode::SUCCESS)
}

async fn openapi(mut config: Config) -> anyhow::Result<ExitCode> {
    // The specification needs a server, and that a folder; neither outlives the command.
    let folder = TemporaryFolder::new()?;
    folder.0.clone_into(&mut config.data_dir);
    config.database.url = Secret::new(String::new());
    let app = App::build(config, Clock::system(), compiler()?).await?;
    io::stdout().write_all(routes::specification(&app).as_bytes())?;
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// A folder that is gone when this is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> anyhow::Result<Self> {
        let name = format!("gatherly-{}", hex::encode(crate::base::secret::random_bytes::<8>()?));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl AsRef<Path> for TemporaryFolder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
