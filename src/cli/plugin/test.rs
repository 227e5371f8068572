//! `gatherly plugin test`: fixtures are events, and what must come of them.

use std::{collections::HashMap, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{
    host::{Host, read_component, read_settings},
    print,
};
use crate::{
    config,
    hooks::{
        LoadError, Loaded,
        package::{self, Extras, Fixture},
    },
};

/// Ask a plugin about its fixtures, and compare
#[derive(Debug, Args)]
pub(super) struct Test {
    /// The component, or the folder of its code, which is built first
    plugin: PathBuf,
    /// Folder with tests/*.json, in place of the fixtures in the component
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// File with the settings for fixtures that name none
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl Test {
    pub(super) async fn run(self, config: &config::Plugins) -> anyhow::Result<ExitCode> {
        let component: Arc<[u8]> = if self.plugin.is_dir() {
            package::build_plugin(&self.plugin)?.1.into()
        } else {
            read_component(&self.plugin)?
        };
        let fixtures = match &self.from {
            Some(folder) => Extras::read(folder)?.fixtures,
            None => package::read_fixtures(&component).context("the fixtures cannot be read")?,
        };
        if fixtures.is_empty() {
            bail!("there are no fixtures: write tests/NAME.json");
        }
        let mut bench = TestBench {
            host: Host::new(config)?,
            component,
            settings: read_settings(self.settings.as_deref())?,
            loaded: HashMap::new(),
        };
        let mut failed = 0_usize;
        for fixture in &fixtures {
            match bench.run(fixture).await {
                Ok(()) => print(&format!("ok      {}", fixture.name)),
                Err(reason) => {
                    failed += 1;
                    print(&format!("FAILED  {}: {reason}", fixture.name));
                }
            }
        }
        print(&format!("{} passed, {failed} failed", fixtures.len() - failed));
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A component that is asked with different settings.
struct TestBench {
    host: Host,
    component: Arc<[u8]>,
    /// For fixtures that name none.
    settings: String,
    /// By settings.
    loaded: HashMap<String, Result<Arc<Loaded>, LoadError>>,
}

impl TestBench {
    async fn run(&mut self, fixture: &Fixture) -> Result<(), String> {
        let settings = fixture.settings.as_ref().map_or_else(|| self.settings.clone(), written);
        let loaded = if let Some(loaded) = self.loaded.get(&settings) {
            loaded.clone()
        } else {
            let loaded = self.host.activate(&self.component, &settings).await;
            self.loaded.insert(settings, loaded.clone());
            loaded
        };
        let loaded =
            loaded.map_err(|error| format!("{}: {}", error.code.as_str(), error.message))?;
        let input = fixture.event.to_string();
        let trial = self.host.hooks.try_out(&loaded, fixture.hook, &input).await;
        let trial = trial.map_err(|error| error.to_string())?;
        match &trial.fault {
            Some(fault) => Err(fault.to_string()),
            None => fixture.expect.check(&trial.seen()),
        }
    }
}

/// Settings as they reach the plugin: a text is itself, the rest is JSON.
pub(super) fn written(settings: &serde_json::Value) -> String {
    settings.as_str().map_or_else(|| settings.to_string(), str::to_owned)
}
