//! Looking at a component, and asking it one thing.

use std::{path::Path, process::ExitCode, sync::Arc};

use super::{
    Question,
    host::{Host, read_component, read_settings, read_text, refuse},
    print,
};
use crate::{
    config,
    hooks::{Grants, Inspection, package},
};

pub(super) async fn inspect(config: &config::Plugins, file: &Path) -> anyhow::Result<ExitCode> {
    let component = read_component(file)?;
    match Host::new(config)?.hooks.inspect(Arc::clone(&component)).await {
        Ok(inspection) => {
            print(&describe(&inspection, &component));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(refuse(&error)),
    }
}

fn describe(inspection: &Inspection, component: &[u8]) -> String {
    let names: Vec<&str> = inspection.hooks.iter().map(|hook| hook.name()).collect();
    let manifest = inspection.manifest.as_ref();
    let name =
        manifest.map_or_else(|| "none".to_owned(), |it| format!("{} {}", it.name, it.version));
    let about = manifest.and_then(|manifest| manifest.description.as_deref());
    let schema = match package::read_settings_schema(component) {
        Ok(None) => "",
        Ok(Some(_)) => ", with a schema",
        Err(_) => ", with a schema that cannot be read",
    };
    let fixtures = match package::read_fixtures(component) {
        Ok(fixtures) => fixtures.len().to_string(),
        Err(error) => format!("cannot be read: {error}"),
    };
    [
        format!("manifest  {name}"),
        format!("about     {}", about.unwrap_or("-")),
        format!("digest    {}", inspection.digest),
        format!("contract  {}", inspection.contract.as_str()),
        format!("hooks     {}", names.join(", ")),
        format!("imports   {}", inspection.imports.join(", ")),
        format!("grants    {}", wanted(inspection, manifest.map(|manifest| &manifest.grants))),
        format!("settings  {}{schema}", if inspection.lifecycle { "yes" } else { "none" }),
        format!("fixtures  {fixtures}"),
        format!("size      {} bytes", inspection.size),
        format!("memory    {} bytes to start with", inspection.memory),
    ]
    .join("\n")
}

/// What the component asks for: by its imports, and by its manifest.
fn wanted(inspection: &Inspection, grants: Option<&Grants>) -> String {
    let mut wanted: Vec<String> =
        inspection.wanted.iter().map(|import| import.as_str().to_owned()).collect();
    if let Some(grants) = grants {
        wanted.extend(grants.modify.then(|| "modify".to_owned()));
        wanted.extend(grants.http.iter().map(|host| format!("http to {host}")));
        wanted.extend(grants.effects.iter().map(|kind| format!("effect {}", kind.as_str())));
    }
    if wanted.is_empty() { "none".to_owned() } else { wanted.join(", ") }
}

pub(super) async fn check(
    config: &config::Plugins,
    file: &Path,
    settings: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let settings = read_settings(settings)?;
    match Host::new(config)?.activate(&read_component(file)?, &settings).await {
        Ok(loaded) => {
            let how = if loaded.is_snapshot() {
                "taken once, kept in a snapshot"
            } else {
                "taken anew in every call, which is slower"
            };
            print(&format!("ok: settings are {how}"));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(refuse(&error)),
    }
}

pub(super) async fn run(config: &config::Plugins, question: &Question) -> anyhow::Result<ExitCode> {
    let host = Host::new(config)?;
    let settings = read_settings(question.settings.as_deref())?;
    let loaded = match host.activate(&read_component(&question.file)?, &settings).await {
        Ok(loaded) => loaded,
        Err(error) => return Ok(refuse(&error)),
    };
    let input = read_text(&question.input)?;
    let trial = host.hooks.try_out(&loaded, question.hook, &input).await?;
    print(&serde_json::to_string_pretty(&trial)?);
    Ok(if trial.fault.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
