//! `gatherly plugin`: lay out, build, look at, test and try a component, with
//! the server's own engine and limits, so that what works here works there; and
//! what admins do with it on a server, over its REST API.

mod bench;
mod bindings;
mod client;
mod host;
mod inspect;
mod new;
mod pack;
mod test;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Subcommand};

use crate::{
    config,
    hooks::{HookPoint, printable},
};

/// Build, try and operate plugins
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Lay out a new plugin in a folder of its name
    New(new::New),
    /// Compile the Rust, JavaScript or Python in a folder to a plugin
    Build {
        /// Folder of the plugin
        dir: PathBuf,
        /// Where to write the component [default: NAME.wasm in the folder]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Tell what a plugin is: hooks, imports, what it asks for, settings, tests
    Inspect {
        /// The component
        file: PathBuf,
    },
    /// Let a plugin take settings, and say what it thinks of them
    Check {
        /// The component
        file: PathBuf,
        /// File with the settings
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
    },
    /// Ask a plugin about one event
    Run(Question),
    /// Ask a plugin about its fixtures, and compare
    Test(test::Test),
    /// Measure what one event costs: time, fuel, memory
    Bench(bench::Bench),
    /// Put a manifest, a settings schema and fixtures into a component
    Pack(pack::Pack),
    /// Upload a component to a server
    Push(bindings::Push),
    /// Put an uploaded plugin to work
    Bind(bindings::Bind),
    /// Let a plugin judge what a server has on record, without consequences
    Replay(bindings::Replay),
    /// Take back what a binding has done
    Undo(bindings::Undo),
    /// Make fixtures of decisions on record
    ExportFixtures(bindings::ExportFixtures),
}

/// One event for one plugin.
#[derive(Debug, Args)]
struct Question {
    /// The component
    file: PathBuf,
    /// Name of the hook, as in content.before-publish
    #[arg(long, value_parser = parse_hook)]
    hook: HookPoint,
    /// File with the event, as in a decision record: {"context": …, "content": …}
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// File with the settings
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

/// Runs the command. A plugin that is refused is the answer 1.
pub(super) async fn run(command: Command, config: &config::Plugins) -> anyhow::Result<ExitCode> {
    match command.task {
        Task::New(new) => new.run(),
        Task::Build { dir, output } => pack::build(&dir, output),
        Task::Inspect { file } => inspect::inspect(config, &file).await,
        Task::Check { file, settings } => inspect::check(config, &file, settings.as_deref()).await,
        Task::Run(question) => inspect::run(config, &question).await,
        Task::Test(test) => test.run(config).await,
        Task::Bench(bench) => bench.run(config).await,
        Task::Pack(pack) => pack.run(),
        Task::Push(push) => push.run().await,
        Task::Bind(bind) => bind.run().await,
        Task::Replay(replay) => replay.run().await,
        Task::Undo(undo) => undo.run().await,
        Task::ExportFixtures(export) => export.run().await,
    }
}

fn parse_hook(name: &str) -> Result<HookPoint, String> {
    HookPoint::parse(name).ok_or_else(|| {
        let known = crate::hooks::catalogue::CATALOGUE.each_ref().map(|row| row.name);
        format!("no such hook; there are {}", known.join(", "))
    })
}

/// Nothing that a plugin or a server says may move the cursor. Who reads no more
/// (`| head`) has all that was wanted.
pub(super) fn print(text: &str) {
    let written = writeln!(io::stdout(), "{}", printable(text));
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("gatherly: cannot write: {error}");
    }
}
