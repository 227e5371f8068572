//! What a component says about itself, in custom sections: who it is and what it
//! wants, how its settings look, and what it must answer to what.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Parser, Payload};

use super::{Fixture, PackageError};
use crate::hooks::Grants;

/// The custom section of a component that holds its [`Manifest`] as JSON.
pub const MANIFEST_SECTION: &str = "gatherly:manifest";
/// The one that holds the JSON Schema of its settings.
pub const SCHEMA_SECTION: &str = "gatherly:settings-schema";
/// The one that holds its [`Fixture`]s, as a JSON list.
pub const FIXTURES_SECTION: &str = "gatherly:fixtures";

/// The file beside the code that becomes [`SCHEMA_SECTION`].
const SCHEMA_FILE: &str = "settings.schema.json";
/// The folder beside the code whose JSON files become [`FIXTURES_SECTION`].
const FIXTURES_FOLDER: &str = "tests";
/// Fixtures in one component: all of them run before each activation, which
/// somebody waits for.
const FIXTURES: usize = 100;

/// What a component says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The plugin's name.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// One sentence for the people who choose plugins.
    pub description: Option<String>,
    /// SPDX expression.
    pub license: Option<String>,
    /// What it asks for beyond what its imports tell: to modify, effects, hosts.
    #[serde(default)]
    pub grants: Grants,
}

/// What an author's project file says for us, beside what it says for its
/// language: `[package.metadata.gatherly]`, `"gatherly"`, `[tool.gatherly]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Own {
    /// What the plugin asks for.
    pub(super) grants: Grants,
}

/// What goes into a component beside its manifest.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// The JSON Schema of its settings.
    pub settings_schema: Option<Value>,
    /// What it must answer to what.
    pub fixtures: Vec<Fixture>,
}

impl Extras {
    /// Reads what stands beside the code of a plugin.
    pub fn read(dir: &Path) -> Result<Self, PackageError> {
        let schema = dir.join(SCHEMA_FILE);
        let settings_schema = schema.is_file().then(|| read_json(&schema)).transpose()?;
        Ok(Self { settings_schema, fixtures: read_fixture_files(&dir.join(FIXTURES_FOLDER))? })
    }
}

/// The fixtures in the JSON files of a folder, by name; none if it is not there.
fn read_fixture_files(folder: &Path) -> Result<Vec<Fixture>, PackageError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = || PackageError::io(format!("read {}", folder.display()));
    let entries = fs::read_dir(folder).map_err(unreadable())?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(unreadable())?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    files.iter().map(|file| read_json(file)).collect()
}

fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, PackageError> {
    let text = fs::read(file).map_err(PackageError::io(format!("read {}", file.display())))?;
    serde_json::from_slice(&text).map_err(|error| PackageError::Invalid {
        file: file.to_owned(),
        message: error.to_string(),
    })
}

/// Puts a manifest, if one is given, and extras into a component. They count in
/// place of those that it had: the last section of a name does.
pub fn pack(
    component: &[u8],
    manifest: Option<&Manifest>,
    extras: &Extras,
) -> Result<Vec<u8>, PackageError> {
    if !Parser::is_component(component) {
        return Err(PackageError::NotAComponent);
    }
    if extras.fixtures.len() > FIXTURES {
        return Err(PackageError::TooManyFixtures { most: FIXTURES });
    }
    let mut packed = component.to_owned();
    if let Some(manifest) = manifest {
        append(&mut packed, MANIFEST_SECTION, manifest)?;
    }
    if let Some(schema) = &extras.settings_schema {
        append(&mut packed, SCHEMA_SECTION, schema)?;
    }
    if !extras.fixtures.is_empty() {
        append(&mut packed, FIXTURES_SECTION, &extras.fixtures)?;
    }
    Ok(packed)
}

fn append(
    component: &mut Vec<u8>,
    name: &str,
    content: &impl Serialize,
) -> Result<(), PackageError> {
    let json =
        serde_json::to_vec(content).map_err(|error| PackageError::Componentize(error.into()))?;
    CustomSection { name: name.into(), data: json.into() }.append_to_component(component);
    Ok(())
}

/// The manifest of a component; none if it has none that can be read.
pub fn read_manifest(component: &[u8]) -> Option<Manifest> {
    serde_json::from_slice(section(component, MANIFEST_SECTION)?).ok()
}

/// The schema of a component's settings, if it has one.
///
/// # Errors
/// What is wrong with it.
pub fn read_settings_schema(component: &[u8]) -> Result<Option<Value>, serde_json::Error> {
    section(component, SCHEMA_SECTION).map(serde_json::from_slice).transpose()
}

/// The fixtures of a component, if it has any.
///
/// # Errors
/// What is wrong with them.
pub fn read_fixtures(component: &[u8]) -> Result<Vec<Fixture>, serde_json::Error> {
    section(component, FIXTURES_SECTION).map_or(Ok(Vec::new()), serde_json::from_slice)
}

/// The last custom section of this name, not looking into what is nested.
fn section<'c>(component: &'c [u8], name: &str) -> Option<&'c [u8]> {
    let mut depth = 0_u32;
    let mut found = None;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == name => {
                found = Some(section.data());
            }
            _ => {}
        }
    }
    found
}
