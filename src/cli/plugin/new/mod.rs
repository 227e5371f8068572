//! `gatherly plugin new`: lays out a plugin that builds as it stands. The
//! templates are compiled in, with the contract and the guest crate, so nothing
//! is fetched from anywhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::print;

/// Lay out a new plugin in a folder of its name
#[derive(Debug, Args)]
pub(super) struct New {
    /// Name of the plugin: 2 to 64 of a-z, 0-9 and -
    name: String,
    /// Language to write it in
    #[arg(long, value_enum, default_value = "rust")]
    lang: Language,
    /// Folder to make it in [default: this one]
    #[arg(long, value_name = "FOLDER")]
    within: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    Rust,
    #[value(name = "js")]
    JavaScript,
    Python,
}

/// A file that is compiled in: its path in this repository, and what it says.
type Embedded = (&'static str, &'static str);

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)))),*]
    };
}

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/templates/", $path))
    };
}

/// What stands for the plugin's name in templates.
const PLACEHOLDER: &str = "__NAME__";
/// Longest and shortest name that servers take.
const NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=64;
/// Where the contract goes, in languages whose tools look for dependencies.
const CONTRACT: &str = "wit/deps/gatherly";

/// The contract.
const WIT: &[Embedded] = embedded![
    "wit/account.wit",
    "wit/content.wit",
    "wit/host.wit",
    "wit/media.wit",
    "wit/moderation.wit",
    "wit/notification.wit",
    "wit/report.wit",
    "wit/schedule.wit",
    "wit/types.wit",
    "wit/vote.wit",
    "wit/world.wit",
];

/// The guest crate; it finds the contract by its place beside it.
const SDK: &[Embedded] = embedded![
    "plugins/sdk/src/account.rs",
    "plugins/sdk/src/appeal.rs",
    "plugins/sdk/src/ban.rs",
    "plugins/sdk/src/bindings.rs",
    "plugins/sdk/src/content.rs",
    "plugins/sdk/src/context.rs",
    "plugins/sdk/src/decision.rs",
    "plugins/sdk/src/effects.rs",
    "plugins/sdk/src/evidence.rs",
    "plugins/sdk/src/export.rs",
    "plugins/sdk/src/exported.rs",
    "plugins/sdk/src/forum.rs",
    "plugins/sdk/src/http.rs",
    "plugins/sdk/src/lib.rs",
    "plugins/sdk/src/log.rs",
    "plugins/sdk/src/media.rs",
    "plugins/sdk/src/mod_action.rs",
    "plugins/sdk/src/notification.rs",
    "plugins/sdk/src/outcome.rs",
    "plugins/sdk/src/report.rs",
    "plugins/sdk/src/schedule.rs",
    "plugins/sdk/src/state.rs",
    "plugins/sdk/src/testing/event.rs",
    "plugins/sdk/src/testing/forum.rs",
    "plugins/sdk/src/testing/http.rs",
    "plugins/sdk/src/testing/mod.rs",
    "plugins/sdk/src/testing/state.rs",
    "plugins/sdk/src/testing/text.rs",
    "plugins/sdk/src/tests.rs",
    "plugins/sdk/src/text.rs",
    "plugins/sdk/src/verdicts.rs",
    "plugins/sdk/src/vote.rs",
    "plugins/sdk/Cargo.toml",
];

/// What all languages have: where it goes, and what it says.
const SHARED: &[(&str, &str)] = &[
    (".gitignore", template!("gitignore")),
    ("settings.schema.json", template!("settings.schema.json")),
    ("tests/held.json", template!("held.json")),
    ("tests/allowed.json", template!("allowed.json")),
];

const RUST: &[(&str, &str)] =
    &[("Cargo.toml", template!("rust/Cargo.toml")), ("src/lib.rs", template!("rust/src/lib.rs"))];

/// The world of languages whose tools make whole components.
const WORLD: (&str, &str) = ("wit/world.wit", template!("world.wit"));

const JAVASCRIPT: &[(&str, &str)] = &[
    WORLD,
    ("package.json", template!("javascript/package.json")),
    ("policy.js", template!("javascript/policy.js")),
    ("policy.test.js", template!("javascript/policy.test.js")),
];

const PYTHON: &[(&str, &str)] = &[
    WORLD,
    ("pyproject.toml", template!("python/pyproject.toml")),
    ("app.py", template!("python/app.py")),
    ("rules.py", template!("python/rules.py")),
    ("test_rules.py", template!("python/test_rules.py")),
];

impl New {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !NAME_CHARACTERS.contains(&self.name.len()) || !self.name.chars().all(fits) {
            bail!("`{}` is no name for a plugin: 2 to 64 of a-z, 0-9 and -", self.name);
        }
        let folder = self.within.unwrap_or_default().join(&self.name);
        if folder.exists() {
            bail!("{} is there already", folder.display());
        }
        for (path, text) in files(self.lang) {
            write(&folder.join(path), &text.replace(PLACEHOLDER, &self.name))?;
        }
        let first = match self.lang {
            Language::Rust => "cargo test",
            Language::JavaScript => "npm install && npm test",
            Language::Python => {
                "python3 -m venv .venv && .venv/bin/pip install 'componentize-py~=0.25.0'"
            }
        };
        print(&format!(
            "{0}\n\n  cd {0}\n  {first}\n  gatherly plugin build .\n  \
             gatherly plugin test {1}.wasm",
            folder.display(),
            self.name
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// Where each file of a template goes, and what it says.
fn files(language: Language) -> Vec<(String, &'static str)> {
    let (own, contract, sdk) = match language {
        Language::Rust => (RUST, "gatherly/wit", SDK),
        Language::JavaScript => (JAVASCRIPT, CONTRACT, &[][..]),
        Language::Python => (PYTHON, CONTRACT, &[][..]),
    };
    let own = SHARED.iter().chain(own).map(|(path, text)| ((*path).to_owned(), *text));
    let wit = WIT.iter().map(|(path, text)| (path.replacen("wit", contract, 1), *text));
    let sdk = sdk.iter().map(|(path, text)| (format!("gatherly/{path}"), *text));
    own.chain(wit).chain(sdk).collect()
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests;
