//! Making components: from code, and with more in them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;

use super::{host::read_component, print};
use crate::hooks::package::{self, Extras, Manifest};

pub(super) fn build(dir: &Path, output: Option<PathBuf>) -> anyhow::Result<ExitCode> {
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

/// Put a manifest, a settings schema and fixtures into a component, for those
/// that other tools have built
#[derive(Debug, Args)]
pub(super) struct Pack {
    /// The component
    file: PathBuf,
    /// Folder with settings.schema.json and tests/*.json
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// File with the manifest: {"name": …, "version": …, "grants": …}
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Where to write it [default: in place]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Pack {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let component = read_component(&self.file)?;
        let manifest: Option<Manifest> = match &self.manifest {
            None => None,
            Some(file) => {
                let text = super::host::read_text(file)?;
                Some(serde_json::from_str(&text).context("the manifest cannot be read")?)
            }
        };
        let extras = self.from.as_deref().map_or(Ok(Extras::default()), Extras::read)?;
        let packed = package::pack(&component, manifest.as_ref(), &extras)?;
        let output = self.output.unwrap_or(self.file);
        fs::write(&output, &packed).with_context(|| format!("writing {}", output.display()))?;
        let schema = if extras.settings_schema.is_some() { ", a settings schema" } else { "" };
        let fixtures = extras.fixtures.len();
        print(&format!("{}: {fixtures} fixtures{schema}", output.display()));
        Ok(ExitCode::SUCCESS)
    }
}
