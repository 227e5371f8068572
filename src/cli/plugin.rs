//! `gatherly plugin`: build, look at and try a component, with the server's own
//! engine and limits, so that what works here works there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{TemporaryFolder, compiler};
use crate::{
    config,
    hooks::{Grants, HookPoint, Hooks, Inspection, LoadError, package, printable},
};

/// Build and try plugins
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Compile a Rust crate to a plugin
    Build {
        /// Folder of the crate
        dir: PathBuf,
        /// Where to write the component [default: NAME.wasm in the folder]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Tell what a plugin is: hooks, imports, manifest, digest, size, memory
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
    Run {
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
    },
}

/// Runs the command. A plugin that is refused is the answer 1.
pub(super) async fn run(command: Command, config: &config::Plugins) -> anyhow::Result<ExitCode> {
    match command.task {
        Task::Build { dir, output } => build(&dir, output),
        Task::Inspect { file } => {
            let host = Host::new(config)?;
            let inspection = host.hooks.inspect(read_component(&file)?).await;
            Ok(refused_or(inspection, |inspection| describe(&inspection)))
        }
        Task::Check { file, settings } => {
            let host = Host::new(config)?;
            let settings = read_settings(settings.as_deref())?;
            let loaded =
                host.hooks.activate(read_component(&file)?, &settings, &Grants::all()).await;
            Ok(refused_or(loaded, |loaded| {
                let how = if loaded.is_snapshot() {
                    "taken once, kept in a snapshot"
                } else {
                    "taken anew in every call, which is slower"
                };
                format!("ok: settings are {how}")
            }))
        }
        Task::Run { file, hook, input, settings } => {
            let host = Host::new(config)?;
            let settings = read_settings(settings.as_deref())?;
            let loaded = match host
                .hooks
                .activate(read_component(&file)?, &settings, &Grants::all())
                .await
            {
                Ok(loaded) => loaded,
                Err(error) => return Ok(refuse(&error)),
            };
            let input = fs::read_to_string(&input)
                .with_context(|| format!("reading {}", input.display()))?;
            let trial = host.hooks.try_out(&loaded, hook, &input).await?;
            print(&serde_json::to_string_pretty(&trial)?);
            Ok(if trial.fault.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
    }
}

fn parse_hook(name: &str) -> Result<HookPoint, String> {
    HookPoint::parse(name).ok_or_else(|| {
        let known = crate::hooks::catalogue::CATALOGUE.each_ref().map(|row| row.name);
        format!("no such hook; there are {}", known.join(", "))
    })
}

/// A plugin host for one command, with a folder of its own.
struct Host {
    hooks: Hooks,
    _folder: TemporaryFolder,
}

impl Host {
    fn new(config: &config::Plugins) -> anyhow::Result<Self> {
        let folder = TemporaryFolder::new()?;
        let hooks = Hooks::start(config, folder.as_ref(), compiler()?)?;
        Ok(Self { hooks, _folder: folder })
    }
}

fn build(dir: &Path, output: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let (manifest, component) = package::build_plugin(dir)?;
    let output = output.unwrap_or_else(|| dir.join(format!("{}.wasm", manifest.name)));
    fs::write(&output, &component).with_context(|| format!("writing {}", output.display()))?;
    print(&format!(
        "{} {}: {} ({} bytes)",
        manifest.name,
        manifest.version,
        output.display(),
        component.len()
    ));
    Ok(ExitCode::SUCCESS)
}

fn describe(inspection: &Inspection) -> String {
    let names: Vec<&str> = inspection.hooks.iter().map(|hook| hook.name()).collect();
    let name = inspection.manifest.as_ref().map_or_else(
        || "none".to_owned(),
        |manifest| format!("{} {}", manifest.name, manifest.version),
    );
    let about = inspection.manifest.as_ref().and_then(|manifest| manifest.description.as_deref());
    [
        format!("manifest  {name}"),
        format!("about     {}", about.unwrap_or("-")),
        format!("digest    {}", inspection.digest),
        format!("hooks     {}", names.join(", ")),
        format!("imports   {}", inspection.imports.join(", ")),
        format!("settings  {}", if inspection.lifecycle { "yes" } else { "none" }),
        format!("size      {} bytes", inspection.size),
        format!("memory    {} bytes to start with", inspection.memory),
    ]
    .join("\n")
}

fn refused_or<T>(result: Result<T, LoadError>, describe: impl FnOnce(T) -> String) -> ExitCode {
    match result {
        Ok(value) => {
            print(&describe(value));
            ExitCode::SUCCESS
        }
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &LoadError) -> ExitCode {
    let mut text = format!("{}: {}", error.code.as_str(), error.message);
    for (what, value) in [("expected", &error.expected), ("found", &error.found)] {
        if let Some(value) = value {
            text.extend(["\n  ", what, ": ", value]);
        }
    }
    print(&text);
    ExitCode::FAILURE
}

fn read_component(file: &Path) -> anyhow::Result<Arc<[u8]>> {
    Ok(fs::read(file).with_context(|| format!("reading {}", file.display()))?.into())
}

fn read_settings(file: Option<&Path>) -> anyhow::Result<String> {
    file.map_or(Ok(String::new()), |file| {
        fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
    })
}

/// Nothing that a plugin says may move the cursor.
fn print(text: &str) {
    println!("{}", printable(text));
}
