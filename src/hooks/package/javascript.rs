//! JavaScript: `componentize-js` makes a component of one module, with the
//! interpreter inside.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::{Manifest, PackageError, find_tool, manifest::Own, run_tool};

/// The file by which a folder is recognised.
pub(super) const FILE: &str = "package.json";
/// The program.
const TOOL: &str = "componentize-js";
/// The world in the folder's `wit/`, in all languages but Rust.
pub(super) const WORLD: &str = "policy";

/// The parts of package.json that matter here.
#[derive(Deserialize)]
struct Project {
    name: String,
    version: String,
    description: Option<String>,
    license: Option<String>,
    #[serde(default = "main_module")]
    main: String,
    #[serde(default)]
    gatherly: Own,
}

fn main_module() -> String {
    "policy.js".to_owned()
}

/// Makes a component of the module that package.json names.
pub(super) fn build(dir: &Path) -> Result<(Manifest, Vec<u8>), PackageError> {
    let file = dir.join(FILE);
    let text = fs::read(&file).map_err(PackageError::io(format!("read {}", file.display())))?;
    let project: Project = serde_json::from_slice(&text)
        .map_err(|error| PackageError::Invalid { file, message: error.to_string() })?;
    let program = find_tool(TOOL, &dir.join("node_modules/.bin")).ok_or(PackageError::NoTool {
        tool: TOOL,
        remedy: "run `npm install` in the folder, which fetches @bytecodealliance/componentize-js",
    })?;
    let component = run_tool(TOOL, &program, dir, |output| {
        let arguments = [&*project.main, "--wit", "wit", "--world-name", WORLD];
        let mut arguments: Vec<_> = arguments.into_iter().map(Into::into).collect();
        // Nothing of the interpreter's own reaches the host.
        for feature in ["stdio", "random", "clocks", "http", "fetch-event"] {
            arguments.extend(["--disable", feature].map(Into::into));
        }
        arguments.push("--out".into());
        arguments.push(output.into());
        arguments
    })?;
    let manifest = Manifest {
        name: project.name,
        version: project.version,
        description: project.description,
        license: project.license,
        grants: project.gatherly.grants,
    };
    Ok((manifest, component))
}
