//! What admins and moderators do with plugins on a server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::{
    client::{Client, Server},
    host::{read_component, read_text},
    print,
};
use crate::hooks::package::{Expectation, Fixture};

/// Time between two looks at a job.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Decisions in one page: the most that the server gives.
const PAGE: u32 = 100;

/// Upload a component to a server
#[derive(Debug, Args)]
pub(super) struct Push {
    /// The component
    file: PathBuf,
    /// Name of the plugin [default: what its manifest says]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Push {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let component = read_component(&self.file)?;
        let name = self.name.as_deref().map_or_else(String::new, |name| query("?name", name));
        let path = format!("/plugins{name}");
        show(&self.server.client()?.upload(&path, &component).await?)
    }
}

/// Whether a binding's answers count.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// It is not asked
    Off,
    /// It is asked and recorded, without consequences
    Shadow,
    /// Its answers count
    Enforce,
}

/// Put an uploaded plugin to work
#[derive(Debug, Args)]
pub(super) struct Bind {
    /// Name of the plugin
    plugin: String,
    /// SHA-256 of the version [default: the newest]
    #[arg(long)]
    digest: Option<String>,
    /// File with the settings: JSON as it is, anything else as text
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Slug of a community [default: the whole site]
    #[arg(long)]
    community: Option<String>,
    /// Whether its answers count
    #[arg(long, value_enum, default_value = "shadow")]
    mode: Mode,
    /// What it may do, as JSON: `{"state": true, "effects": ["label"]}`
    #[arg(long, value_name = "JSON", value_parser = parse_json)]
    grants: Option<Value>,
    #[command(flatten)]
    server: Server,
}

fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl Bind {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.settings.as_deref().map(settings).transpose()?;
        let mode = match self.mode {
            Mode::Off => "off",
            Mode::Shadow => "shadow",
            Mode::Enforce => "enforce",
        };
        let body = object([
            ("plugin", Some(json!(self.plugin))),
            ("digest", self.digest.map(Value::from)),
            ("settings", settings),
            ("scope", self.community.map(|community| json!({"community": community}))),
            ("mode", Some(json!(mode))),
            ("grants", self.grants),
        ]);
        show(&self.server.client()?.post("/plugin-bindings", &body).await?)
    }
}

/// Let a plugin judge what a server has on record, without consequences
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Id of a binding, to replay it as it is
    #[arg(long, required_unless_present = "digest")]
    binding: Option<String>,
    /// SHA-256 of an uploaded version
    #[arg(long)]
    digest: Option<String>,
    /// File with the settings for it
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Name of a hook [default: all that it answers]
    #[arg(long)]
    hook: Option<String>,
    /// How far to look back
    #[arg(long, default_value_t = 7)]
    days: u32,
    #[command(flatten)]
    server: Server,
}

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.settings.as_deref().map(settings).transpose()?;
        let body = object([
            ("binding_id", self.binding.map(Value::from)),
            ("digest", self.digest.map(Value::from)),
            ("settings", settings),
            ("hook", self.hook.map(Value::from)),
            ("days", Some(json!(self.days))),
        ]);
        let client = self.server.client()?;
        let mut replay = client.post("/replays", &body).await?;
        let id = text(&replay, "id").context("the server began no replay")?.to_owned();
        while matches!(text(&replay, "state"), Some("waiting" | "active")) {
            tokio::time::sleep(LOOK_AGAIN).await;
            replay = client.get(&format!("/replays/{id}")).await?;
        }
        show(&replay)
    }
}

/// Take back what a binding has done
#[derive(Debug, Args)]
pub(super) struct Undo {
    /// Id of the binding
    binding: String,
    /// Only what this version did: its SHA-256
    #[arg(long)]
    digest: Option<String>,
    /// Only from this time on, as in 2026-01-31T12:00:00Z
    #[arg(long)]
    from: Option<String>,
    /// Only up to this time
    #[arg(long)]
    until: Option<String>,
    /// Do it; without this, tell what would be done
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    server: Server,
}

impl Undo {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let body = object([
            ("binding_id", Some(json!(self.binding))),
            ("digest", self.digest.map(Value::from)),
            ("from", self.from.map(Value::from)),
            ("until", self.until.map(Value::from)),
            ("dry_run", Some(json!(!self.apply))),
        ]);
        let client = self.server.client()?;
        let mut undo = client.post("/undos", &body).await?;
        while matches!(text(&undo, "state"), Some("waiting" | "running")) {
            tokio::time::sleep(LOOK_AGAIN).await;
            let id = text(&undo, "id").context("the server began no undo")?;
            undo = client.get(&format!("/undos/{id}")).await?;
        }
        show(&undo)
    }
}

/// Make fixtures of decisions on record
#[derive(Debug, Args)]
pub(super) struct ExportFixtures {
    /// Id of the binding
    binding: String,
    /// Only decisions with this verdict
    #[arg(long)]
    verdict: Option<String>,
    /// How many, the newest first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Folder to write them to
    #[arg(short, long, default_value = "tests", value_name = "FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    server: Server,
}

impl ExportFixtures {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.server.client()?;
        let limit = self.limit.min(PAGE);
        let verdict = self.verdict.as_deref().map_or_else(String::new, |it| query("&verdict", it));
        let binding = query("binding", &self.binding);
        let list = client.get(&format!("/decisions?{binding}&limit={limit}{verdict}")).await?;
        fs::create_dir_all(&self.output)
            .with_context(|| format!("making {}", self.output.display()))?;
        let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
        for id in items.filter_map(|item| text(item, "id")) {
            match fixture(&client, id).await? {
                Some(fixture) => {
                    let file = self.output.join(format!("{id}.json"));
                    let json = serde_json::to_string_pretty(&fixture)?;
                    fs::write(&file, json + "\n")
                        .with_context(|| format!("writing {}", file.display()))?;
                    print(&format!("{}", file.display()));
                }
                None => print(&format!("{id}: nothing to compare with, left out")),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A decision as a fixture; none when its input is gone or the plugin failed.
async fn fixture(client: &Client, id: &str) -> anyhow::Result<Option<Fixture>> {
    let decision = client.get(&format!("/decisions/{id}")).await?;
    let staff = decision.get("staff").cloned().unwrap_or_default();
    let (Some(event), None) = (staff.get("input").filter(|it| it.is_object()), staff.get("fault"))
    else {
        return Ok(None);
    };
    let evidence = decision.get("evidence").and_then(Value::as_array);
    let rule = evidence.and_then(|evidence| text(evidence.first()?, "rule"));
    let field = |name: &str| decision.get(name).cloned().unwrap_or_default();
    Ok(Some(Fixture {
        name: id.to_owned(),
        hook: serde_json::from_value(field("hook")).context("a hook that is not known here")?,
        settings: None,
        event: event.clone(),
        expect: Expectation {
            verdict: serde_json::from_value(field("verdict"))
                .context("a verdict that is not known here")?,
            message: text(&decision, "message").map(str::to_owned),
            rule: rule.map(str::to_owned),
            effects: None,
        },
    }))
}

/// JSON where it is JSON, text otherwise.
fn settings(file: &Path) -> anyhow::Result<Value> {
    let text = read_text(file)?;
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// An object of the fields that are there.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

fn text<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field)?.as_str()
}

/// `name=value`, with all that is special in addresses escaped.
fn query(name: &str, value: &str) -> String {
    let escaped: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{name}={escaped}")
}

fn show(answer: &Value) -> anyhow::Result<ExitCode> {
    print(&serde_json::to_string_pretty(answer)?);
    Ok(ExitCode::SUCCESS)
}
