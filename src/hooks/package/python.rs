//! Python: `componentize-py` makes a component of a module, with the interpreter
//! inside.

use std::path::Path;

use figment::providers::{Format, Toml};
use serde::Deserialize;

use super::{Manifest, PackageError, find_tool, javascript::WORLD, manifest::Own, run_tool};

/// The file by which a folder is recognised.
pub(super) const FILE: &str = "pyproject.toml";
/// The program.
const TOOL: &str = "componentize-py";
/// The module with the policy; it may not be called like the world.
const MODULE: &str = "app";

/// The parts of pyproject.toml that matter here.
#[derive(Deserialize)]
struct PyProject {
    project: Project,
    #[serde(default)]
    tool: Tools,
}

#[derive(Deserialize)]
struct Project {
    name: String,
    version: String,
    description: Option<String>,
    license: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tools {
    gatherly: Own,
}

/// Makes a component of the module `app`.
pub(super) fn build(dir: &Path) -> Result<(Manifest, Vec<u8>), PackageError> {
    let file = dir.join(FILE);
    let PyProject { project, tool } = Toml::from_path(&file)
        .map_err(|error| PackageError::Invalid { file, message: error.to_string() })?;
    let program = find_tool(TOOL, &dir.join(".venv/bin")).ok_or(PackageError::NoTool {
        tool: TOOL,
        remedy: "run `python3 -m venv .venv && .venv/bin/pip install componentize-py` in the folder",
    })?;
    let component = run_tool(TOOL, &program, dir, |output| {
        let arguments = ["--wit-path", "wit", "--world", WORLD, "componentize", MODULE];
        let mut arguments: Vec<_> = arguments.into_iter().map(Into::into).collect();
        // Nothing of the interpreter's own reaches the host.
        arguments.extend(["--python-path", ".", "--stub-wasi", "--output"].map(Into::into));
        arguments.push(output.into());
        arguments
    })?;
    let manifest = Manifest {
        name: project.name,
        version: project.version,
        description: project.description,
        license: project.license,
        grants: tool.gatherly.grants,
    };
    Ok((manifest, component))
}
