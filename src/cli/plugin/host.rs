//! A plugin host for one command, and what is read for it.

use std::{fs, path::Path, process::ExitCode, sync::Arc};

use anyhow::Context as _;

use super::{
    super::{TemporaryFolder, compiler},
    print,
};
use crate::{
    config,
    hooks::{Grants, Hooks, LoadError, Loaded},
};

/// A plugin host with a folder of its own.
pub(super) struct Host {
    pub(super) hooks: Hooks,
    _folder: TemporaryFolder,
}

impl Host {
    pub(super) fn new(config: &config::Plugins) -> anyhow::Result<Self> {
        let folder = TemporaryFolder::new()?;
        let hooks = Hooks::start(config, folder.as_ref(), compiler()?)?;
        Ok(Self { hooks, _folder: folder })
    }

    /// A component with settings. There is no admin to ask: it gets what it wants.
    pub(super) async fn activate(
        &self,
        component: &Arc<[u8]>,
        settings: &str,
    ) -> Result<Arc<Loaded>, LoadError> {
        self.hooks.activate(Arc::clone(component), settings, &grants()).await
    }
}

/// Everything. Hosts have names that only an admin knows; none is asked here.
pub(super) fn grants() -> Grants {
    Grants { http: vec!["localhost".to_owned()], ..Grants::all() }
}

/// Says why a component is refused.
pub(super) fn refuse(error: &LoadError) -> ExitCode {
    let mut text = format!("{}: {}", error.code.as_str(), error.message);
    for (what, value) in [("expected", &error.expected), ("found", &error.found)] {
        if let Some(value) = value {
            text.extend(["\n  ", what, ": ", value]);
        }
    }
    print(&text);
    ExitCode::FAILURE
}

pub(super) fn read_component(file: &Path) -> anyhow::Result<Arc<[u8]>> {
    Ok(fs::read(file).with_context(|| format!("reading {}", file.display()))?.into())
}

pub(super) fn read_text(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

/// No file is no settings.
pub(super) fn read_settings(file: Option<&Path>) -> anyhow::Result<String> {
    file.map_or(Ok(String::new()), read_text)
}
