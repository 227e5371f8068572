//! What others feel of a hostile plugin.
//!
//! `cargo bench --bench hostile` binds each component of `plugins/hostile` that
//! can be bound to a community of its own, where somebody writes at a fixed rate,
//! while others read, vote and write in another. It compares what the others wait with
//! and without: in turns, in one run, and twice without, which tells how much of
//! a difference is the machine's. Names of components after `--` leave out the
//! rest.
//!
//! Bindings that fail are soon in quarantine; the worst case has that taken back
//! all the time, so that every comment reaches the plugin.

#![expect(clippy::large_futures, reason = "a bench waits for one thing at a time")]
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a program that measures and prints")]

#[path = "http/child.rs"]
mod child;
#[path = "http/forum.rs"]
#[expect(dead_code, reason = "the other bench asks more of it")]
mod forum;
#[path = "http/load.rs"]
#[expect(dead_code, reason = "its load comes as fast as it can; here there are rates")]
mod load;
#[path = "http/table.rs"]
#[expect(dead_code, reason = "its table is of other things")]
mod table;
#[path = "hostile/traffic.rs"]
mod traffic;

use std::{fs, process::ExitCode, time::Duration};

use forum::{Content, Folder, Operation, Server, TEXT};
use gatherly::{
    base::{
        Error,
        actor::Actor,
        ids::{BindingId, PostId},
    },
    communities::NewCommunity,
    hooks::{Grants, Hooks, Mode},
    plugin_admin::{Change, NewBinding},
};
use traffic::{Asked, Traffic};

/// How often each component is measured.
const ROUNDS: usize = 3;
/// How often a quarantine is taken back in the worst case: before the next
/// comment comes.
const RESTORE_EVERY: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    child::run((traffic::COMMAND, traffic::run), measure)
}

async fn measure() {
    // Cargo adds options of its own.
    let named: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let folder = Folder::new();
    let content = forum::fill(&folder.0).await;
    let mut bench = Bench::start(&folder, content).await;
    let mut rows = Vec::new();
    let mut unbound = Vec::new();
    // Before anything is measured: compiling is not what this is about. And
    // before anything is on record: what fails on that is not put to work.
    let mut bound = Vec::new();
    for name in components().into_iter().filter(|name| named.is_empty() || named.contains(name)) {
        match bench.bind(&name).await {
            Ok(place) => bound.push((name, place)),
            Err(why) => unbound.push(format!("{name} ({why})")),
        }
    }
    let _warm = bench.sample(None).await;
    let before = resident();
    let mut most = before;
    for (name, place) in bound {
        bench.sign_in().await;
        let row = bench.row(name, place).await;
        most = most.max(row.resident);
        rows.push(row);
    }
    let after = resident();
    report(&rows);
    println!("\nNot bound, since refused: {}.", unbound.join(", "));
    println!(
        "Resident: {before} MiB before, {most} MiB at most, {after} MiB after; {} rounds of 2 s on {}.",
        ROUNDS,
        table::machine()
    );
    println!(
        "Others: {} requests a second; hostile: {} comments a second.",
        traffic::OTHERS,
        traffic::HOSTILE
    );
    bench.server.stop().await;
}

/// Names of the components.
fn components() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/hostile");
    let files = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = files
        .map(|file| file.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "wat"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Memory of this process, in MiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib / 1024
}

/// A forum, and who is in it.
struct Bench {
    server: Server,
    content: Content,
    admin: Actor,
    others: Vec<Asked>,
    /// Token of the one who writes where a plugin is bound.
    author: String,
    first: usize,
}

/// Where a plugin is bound.
struct Place {
    binding: BindingId,
    /// The post to comment on.
    post: PostId,
}

/// What others waited, in microseconds.
#[derive(Default)]
struct Waits {
    others: Vec<u64>,
    hostile: Vec<u64>,
    errors: usize,
    refused: usize,
}

impl Waits {
    fn add(&mut self, seen: traffic::Seen) {
        self.others.extend(seen.others);
        self.hostile.extend(seen.hostile);
        self.errors += seen.errors;
        self.refused += seen.refused;
    }

    /// What so many of a hundred waited at most.
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for so long")]
    fn percentile(&self, percent: usize) -> f64 {
        let mut waits = self.others.clone();
        waits.sort_unstable();
        waits.get(waits.len() * percent / 100).map_or(f64::NAN, |wait| *wait as f64)
    }

    fn beside(&self, other: &Self, percent: usize) -> f64 {
        self.percentile(percent) / other.percentile(percent)
    }
}

/// What was measured of one component.
struct Row {
    name: String,
    without: Waits,
    /// Without once more.
    again: Waits,
    with: Waits,
    /// The same, but never in quarantine.
    worst: Waits,
    resident: u64,
}

impl Bench {
    async fn start(folder: &Folder, content: Content) -> Self {
        let server = Server::start(&folder.0, 16).await;
        let admin = server.sign_in("host", &content).await;
        let admin = server.app.sessions.authenticate(&admin).await.expect("the admin");
        let (others, author) = (Vec::new(), String::new());
        let mut bench = Self { server, content, admin, others, author, first: 0 };
        bench.sign_in().await;
        bench
    }

    /// Signs everybody in anew: a token is valid for minutes.
    async fn sign_in(&mut self) {
        let reader = self.server.sign_in("reader", &self.content).await;
        self.author = self.server.sign_in("author", &self.content).await;
        let base = format!("{}/api/v1", self.server.base);
        let ask = |method: &str, path: String, body: &str| Asked {
            method: method.to_owned(),
            url: format!("{base}{path}"),
            body: body.to_owned(),
            token: Some(reader.clone()),
        };
        let comment = comment();
        self.others.clear();
        for (at, post) in self.content.asked(Operation::Get).iter().enumerate() {
            let value = if at % 2 == 0 { r#"{"value":1}"# } else { r#"{"value":-1}"# };
            self.others.push(ask("GET", "/posts".to_owned(), ""));
            self.others.push(ask("GET", format!("/posts/{post}"), ""));
            self.others.push(ask("PUT", format!("/posts/{post}/vote"), value));
            self.others.push(ask("POST", format!("/posts/{post}/comments"), &comment));
        }
        // Who authenticates with the new token is the same admin.
        let admin = self.server.sign_in("host", &self.content).await;
        self.admin = self.server.app.sessions.authenticate(&admin).await.expect("the admin");
    }

    /// Makes a community and binds a component there.
    async fn bind(&self, name: &str) -> Result<Place, String> {
        let file = format!("{}/plugins/hostile/{name}.wat", env!("CARGO_MANIFEST_DIR"));
        let component = wat::parse_file(file).map_err(|error| error.to_string())?.into();
        let app = &self.server.app;
        // The forum has this one already, under another name.
        let plugin = if name == "allow" { "small" } else { name };
        let uploaded = app.versions.upload(&self.admin, Some(plugin), component).await;
        let (version, _) = uploaded.map_err(refused)?;
        let community = NewCommunity::parse(name, name, "").map_err(refused)?;
        app.forum.communities.create(&self.admin, community).await.map_err(refused)?;
        let text = ("Where a plugin is bound", TEXT);
        let written =
            app.forum.posts.create(&self.admin, name, text, &[]).await.map_err(refused)?;
        let grants = Grants { state: true, modify: true, ..Grants::default() };
        let change =
            Change { mode: Some(Mode::Enforce), grants: Some(grants), ..Change::default() };
        let new = NewBinding { plugin: version.plugin, community: Some(name.to_owned()), change };
        let bound = app.plugins.bind(&self.admin, new).await.map_err(refused)?;
        Ok(Place { binding: bound.binding.id, post: written.access.post.id })
    }

    /// One sample, with those who meet a plugin or without.
    async fn sample(&mut self, place: Option<&Place>) -> traffic::Seen {
        let hostile = place.map(|place| Asked {
            method: "POST".to_owned(),
            url: format!("{}/api/v1/posts/{}/comments", self.server.base, place.post),
            body: comment(),
            token: Some(self.author.clone()),
        });
        let hostile = hostile.into_iter().collect();
        let traffic = Traffic { others: self.others.clone(), hostile, first: self.first };
        let seen = traffic::start(&traffic).await;
        self.first += seen.others.len();
        seen
    }

    async fn row(&mut self, name: String, place: Place) -> Row {
        let (mut without, mut again) = (Waits::default(), Waits::default());
        let (mut with, mut worst) = (Waits::default(), Waits::default());
        for _ in 0..ROUNDS {
            without.add(self.sample(None).await);
            with.add(self.sample(Some(&place)).await);
            again.add(self.sample(None).await);
            let hooks = self.server.app.hooks.clone();
            tokio::select! {
                seen = self.sample(Some(&place)) => worst.add(seen),
                () = keep_asking(&hooks, place.binding) => {}
            }
        }
        Row { name, without, again, with, worst, resident: resident() }
    }
}

/// What everybody writes.
fn comment() -> String {
    serde_json::json!({ "body": TEXT }).to_string()
}

/// Why something is refused, in a word.
fn refused(error: Error) -> String {
    match error {
        Error::Invalid(broken) => broken.first().map(|field| field.rule.to_owned()),
        other => Some(other.to_string()),
    }
    .unwrap_or_default()
}

/// Takes a quarantine back whenever there is one.
async fn keep_asking(hooks: &Hooks, binding: BindingId) {
    loop {
        if hooks.breakers().iter().any(|breaker| breaker.quarantined) {
            hooks.restore(binding.0);
        }
        tokio::time::sleep(RESTORE_EVERY).await;
    }
}

fn report(rows: &[Row]) {
    println!(
        "| others beside a hostile | p50, p99 without, ms | noise p50, p99 | p50, p99 with | worst case p50, p99 | hostile p99, ms | 5xx |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for row in rows {
        let Row { name, without, again, with, worst, .. } = row;
        let ratios = |waits: &Waits| {
            format!("{:.2}, {:.2}", waits.beside(without, 50), waits.beside(without, 99))
        };
        let met = Waits { others: worst.hostile.clone(), ..Waits::default() };
        println!(
            "| {name} | {:.2}, {:.2} | {} | {} | {} | {:.1} | {} |",
            without.percentile(50) / 1e3,
            without.percentile(99) / 1e3,
            ratios(again),
            ratios(with),
            ratios(worst),
            met.percentile(99) / 1e3,
            [without, again, with, worst].iter().map(|waits| waits.errors).sum::<usize>(),
        );
    }
    let all = |of: fn(&Row) -> &Waits| {
        let mut all = Waits::default();
        for waits in rows.iter().map(of) {
            all.others.extend(&waits.others);
            all.errors += waits.errors;
            all.refused += waits.refused;
        }
        all
    };
    let without = all(|row| &row.without);
    println!("\n| all together | bar | noise | with | worst case |\n|---|--:|--:|--:|--:|");
    let others = [all(|row| &row.again), all(|row| &row.with), all(|row| &row.worst)];
    for (percent, bar) in [(50, "<= 1.1"), (99, "<= 1.2")] {
        let [noise, with, worst] = others.each_ref().map(|waits| waits.beside(&without, percent));
        println!("| p{percent} of others | {bar} | {noise:.2} | {with:.2} | {worst:.2} |");
    }
    let [noise, with, worst] = others.each_ref().map(|waits| waits.errors);
    println!("| answers of 500 and above | 0 | {noise} | {with} | {worst} |");
    let [noise, with, worst] = others.each_ref().map(|waits| waits.refused);
    println!("| others refused | 0 | {noise} | {with} | {worst} |");
}
