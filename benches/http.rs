//! What requests cost, beside answers from memory and beside the same work
//! without HTTP.
//!
//! `cargo bench --bench http` fills a forum of 1,000 posts with 20 comments
//! each, serves it on the loopback with the default settings but for limits, and
//! prints one table; names of operations after `--` leave out the others. Everything
//! is of one run and taken in turns, so that ratios hold on a busy machine too. The
//! load is a process of its own: the processor time is the server's alone.
//!
//! With `DATABASE_URL=mysql://...`, an empty database, the forum is there.

#![expect(clippy::large_futures, reason = "a bench waits for one thing at a time")]
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a program that measures and prints")]

#[path = "http/bare.rs"]
mod bare;
#[path = "http/child.rs"]
mod child;
#[path = "http/forum.rs"]
mod forum;
#[path = "http/load.rs"]
mod load;
#[path = "http/table.rs"]
mod table;

use std::{fs, process::ExitCode, sync::Arc};

use bare::Bare;
use forum::{Content, Folder, Operation, Server, TEXT};
use gatherly::http::onion::{Bounds, Onion};
use load::{Job, Load};
use poem::{Endpoint, IntoResponse, Response, Route, endpoint::make_sync};
use table::{Key, Table};

/// How often everything is measured.
const ROUNDS: usize = 5;
/// Plugins that are bound, by turns: automods, and automod with two small ones.
const LEVELS: [usize; 4] = [0, 1, 3, forum::MIXED];
/// MiB of the cache, as by default.
const CACHE: u64 = 16;

/// Everything that can be asked.
const ALL: [Operation; 4] = [Operation::List, Operation::Get, Operation::Comment, Operation::Vote];

/// Rows that are compared, in the order of the table.
const MEMORY_LIST: &str = "memory: list, all layers";
const MEMORY_GET: &str = "memory: get, all layers";
const LIST: &str = "list";
const GET: &str = "get";
const COMMENT: &str = "comment";
const VOTE: &str = "vote";
/// With the jobs that follow, done beside it: somebody is told.
const WORKING: &str = "comment, with its jobs";
/// The same, and every decision on record, whatever the flood.
const RECORDING: &str = "comment, with its jobs, all on record";

fn main() -> ExitCode {
    child::run((load::COMMAND, load::run), measure)
}

async fn measure() {
    log_to_nowhere();
    // Cargo adds options of its own.
    let named: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let operations = ALL.into_iter();
    let operations = operations
        .filter(|operation| named.is_empty() || named.iter().any(|named| named == name(*operation)))
        .collect();
    let folder = Folder::new();
    let content = forum::fill(&folder.0).await;
    let mut bench = Bench::start(&folder, content, operations).await;
    for _ in 0..ROUNDS {
        bench.round().await;
    }
    bench.comment_with_jobs().await;
    bench.comment_recording(&folder).await;
    bench.report();
    bench.replay().await;
    let Bench { cached, bare, .. } = bench;
    cached.stop().await;
    bare.stop().await;
}

/// The server's log costs something: it is written, and not read.
fn log_to_nowhere() {
    let nowhere = fs::File::options().write(true).open("/dev/null").expect("it is always there");
    tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_ansi(false)
        .with_target(false)
        .with_writer(Arc::new(nowhere))
        .init();
}

/// Everything that is asked.
struct Bench {
    operations: Vec<Operation>,
    content: Content,
    /// With the cache of hot reads; it is written to, and at first does no jobs.
    cached: Server,
    /// Without it: for reads.
    bare: Server,
    /// Rows and what is asked for them, but for who asks and where.
    memory: Vec<(&'static str, Job)>,
    /// Rows and the bare statements of what else is asked.
    statements: Vec<(String, Bare)>,
    admin: String,
    reader: String,
    /// Votes so far: each is to change something.
    votes: usize,
    table: Table,
}

impl Bench {
    async fn start(folder: &Folder, content: Content, operations: Vec<Operation>) -> Self {
        let cached = Server::start(&folder.0, CACHE).await;
        let bare = Server::start(&folder.0, 0).await;
        let admin = cached.sign_in("host", &content).await;
        let reader = cached.sign_in("reader", &content).await;
        let memory = memory(&cached, &content).await;
        let mut statements = Vec::new();
        for operation in &operations {
            let server = if operation.writes() { &cached } else { &bare };
            let recorded = Bare::record(server, *operation, (&content, &reader)).await;
            statements.push((bare_row(name(*operation)), recorded));
        }
        let (votes, table) = (0, Table::default());
        Self { operations, content, cached, bare, memory, statements, admin, reader, votes, table }
    }

    async fn round(&mut self) {
        for (row, job) in &self.memory {
            let row = self.table.row(row);
            sample(&mut self.table, Key { row, plugins: 0 }, load::start(job)).await;
        }
        for (row, bare) in &self.statements {
            let row = self.table.row(row);
            sample(&mut self.table, Key { row, plugins: 0 }, bare.ask()).await;
        }
        for plugins in LEVELS {
            self.cached.bind(&self.admin, &self.content, plugins).await;
            self.bare.app.plugins.catch_up().await.expect("the same plugins");
            for operation in self.operations.clone() {
                self.over_http(operation, plugins).await;
                self.in_process(operation, plugins).await;
            }
        }
    }

    async fn over_http(&mut self, operation: Operation, plugins: usize) {
        let reader = Some(self.reader.clone());
        if operation.writes() {
            let row = self.table.row(name(operation));
            let job = Job { token: reader, first: self.votes, ..self.job(operation) };
            let asked = load::start(&job);
            let load = sample(&mut self.table, Key { row, plugins }, asked).await;
            if operation == Operation::Vote {
                self.votes += load.requests;
            }
            return;
        }
        for (server, cache) in [(&self.cached, ""), (&self.bare, ", no cache")] {
            for (token, who) in [(None, ""), (reader.clone(), ", signed in")] {
                let row = self.table.row(&format!("{}{who}{cache}", name(operation)));
                let job = Job { token, ..job(&server.base, operation, &self.content) };
                sample(&mut self.table, Key { row, plugins }, load::start(&job)).await;
            }
        }
    }

    async fn in_process(&mut self, operation: Operation, plugins: usize) {
        let row = self.table.row(&format!("{}, without HTTP", name(operation)));
        // Reads without the cache, and writes where others write.
        let server = if operation.writes() { &self.cached } else { &self.bare };
        let asked = server.ask(operation, (&self.content, &self.reader), self.votes);
        let load = sample(&mut self.table, Key { row, plugins }, asked).await;
        if operation == Operation::Vote {
            self.votes += load.requests;
        }
    }

    /// Comments, and the jobs that follow from them.
    async fn comment_with_jobs(&mut self) {
        self.cached.work();
        self.comments(WORKING).await;
    }

    /// The same where every decision goes on record.
    async fn comment_recording(&mut self, folder: &Folder) {
        let recording = Server::start_recording(&folder.0, CACHE).await;
        std::mem::replace(&mut self.cached, recording).stop().await;
        self.cached.work();
        self.comments(RECORDING).await;
    }

    async fn comments(&mut self, row: &str) {
        let rounds = if self.operations.contains(&Operation::Comment) { ROUNDS } else { 0 };
        for plugins in (0..rounds).flat_map(|_| LEVELS) {
            self.cached.bind(&self.admin, &self.content, plugins).await;
            let row = self.table.row(row);
            // What follows from those before is theirs.
            self.cached.settle().await;
            let job = Job { token: Some(self.reader.clone()), ..self.job(Operation::Comment) };
            sample(&mut self.table, Key { row, plugins }, load::start(&job)).await;
        }
    }

    fn job(&self, operation: Operation) -> Job {
        job(&self.cached.base, operation, &self.content)
    }

    /// What the whole of a replay costs, the queue being empty: reading, judging,
    /// comparing, counting.
    #[expect(clippy::cast_precision_loss, reason = "nobody writes so much")]
    async fn replay(&self) {
        let admin = self.cached.sign_in("host", &self.content).await;
        // What follows from the comments goes before, and is not the replay's.
        self.cached.settle().await;
        let before = table::processor_time();
        let events = self.cached.replay(&admin, &self.content).await as f64;
        let seconds = (table::processor_time() - before) / 1e3;
        println!(
            "| replayed events per second of a core, small plugin, of {events} | >= 20000 | {:.0} |",
            events / seconds
        );
    }

    fn report(&self) {
        let table = &self.table;
        table.print(&LEVELS);
        println!("\nMedians of {ROUNDS} rounds on {}.", table::machine());
        println!("\n| promise | bar | measured |\n|---|--:|--:|");
        let line = |what: &str, bar: &str, measured: Option<f64>| {
            println!("| {what} | {bar} | {:.3} |", measured.unwrap_or(f64::NAN));
        };
        let milliseconds = |row: &str| table.milliseconds(row, 0);
        line("CPU ms of a list", "<= 0.2", milliseconds(LIST));
        line("CPU ms of a list, no cache", "<= 0.5", milliseconds("list, no cache"));
        line("CPU ms of a get", "<= 0.15", milliseconds(GET));
        line("CPU ms of a get, no cache", "<= 0.5", milliseconds("get, no cache"));
        line("CPU ms of a comment", "<= 0.6", milliseconds(COMMENT));
        line("CPU ms of a vote", "<= 0.5", milliseconds(VOTE));
        let memory_list = table.ratio((LIST, 0), (MEMORY_LIST, 0));
        line("lists beside answers from memory", ">= 0.5", memory_list);
        line("gets beside answers from memory", ">= 0.5", table.ratio((GET, 0), (MEMORY_GET, 0)));
        for (row, bare) in
            [("list, no cache", LIST), ("get, no cache", GET), (COMMENT, COMMENT), (VOTE, VOTE)]
        {
            let ratio = table.ratio((row, 0), (&bare_row(bare), 0));
            line(&format!("{row}: beside its bare statements"), "", ratio);
        }
        for row in [COMMENT, WORKING] {
            let beside = |plugins| table.ratio((row, plugins), (row, 0));
            line(&format!("{row}: 1 plugin beside none"), "", beside(1));
            line(&format!("{row}: 3 automods beside none"), ">= 0.9", beside(3));
            let mixed = beside(forum::MIXED);
            line(&format!("{row}: automod and 2 small beside none"), ">= 0.9", mixed);
        }
        let recorded = table.ratio((RECORDING, forum::MIXED), (RECORDING, 0));
        line("the same, all decisions on record", "", recorded);
    }
}

/// Measures what is asked.
async fn sample(table: &mut Table, key: Key, asked: impl Future<Output = Load>) -> Load {
    let before = table::processor_time();
    let load = asked.await;
    table.add(key, load, table::processor_time() - before);
    load
}

/// The row of the bare statements of a row.
fn bare_row(row: &str) -> String {
    format!("{row}, bare statements")
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::List => LIST,
        Operation::Get => GET,
        Operation::Comment => COMMENT,
        Operation::Vote => VOTE,
    }
}

/// What is asked of a server, by nobody.
fn job(base: &str, operation: Operation, content: &Content) -> Job {
    let posts = |end: &str| -> Vec<String> {
        let posts = content.asked(operation).iter();
        posts.map(|id| format!("/api/v1/posts/{id}{end}")).collect()
    };
    let (method, paths, bodies, status) = match operation {
        Operation::List => ("GET", vec!["/api/v1/posts".to_owned()], Vec::new(), 200),
        Operation::Get => ("GET", posts(""), Vec::new(), 200),
        Operation::Comment => {
            let body = serde_json::json!({ "body": TEXT }).to_string();
            ("POST", posts("/comments"), vec![body], 201)
        }
        Operation::Vote => {
            let bodies = [1, -1].map(|value| serde_json::json!({ "value": value }).to_string());
            ("PUT", posts("/vote"), bodies.to_vec(), 200)
        }
    };
    let (method, base) = (method.to_owned(), base.to_owned());
    Job { method, base, paths, bodies, first: 0, token: None, status }
}

/// The same answers from memory: with all layers around them, and with none.
async fn memory(server: &Server, content: &Content) -> Vec<(&'static str, Job)> {
    let mut jobs = Vec::new();
    for (operation, layered, bare) in [
        (Operation::List, MEMORY_LIST, "memory: list, no layers"),
        (Operation::Get, MEMORY_GET, "memory: get, no layers"),
    ] {
        let job = job(&server.base, operation, content);
        let path = job.paths.first().expect("a path").clone();
        let bytes = load::get(&format!("{}{path}", server.base)).await;
        let answer = || {
            let bytes = bytes.clone();
            let answer = make_sync(move |_| {
                bytes.clone().with_content_type("application/json").into_response()
            });
            Route::new().at(&path, poem::get(answer))
        };
        let around = around(server, answer());
        for (row, base) in [
            (layered, forum::listen(&server.app, around).await),
            (bare, forum::listen(&server.app, answer()).await),
        ] {
            jobs.push((row, Job { base, paths: vec![path.clone()], ..job.clone() }));
        }
    }
    jobs
}

/// What lies around every request, around an endpoint.
fn around<E: Endpoint<Output = Response> + 'static>(
    server: &Server,
    inner: E,
) -> impl Endpoint<Output = Response> + 'static {
    let app = &server.app;
    let limits = Arc::clone(&app.limits);
    let bounds =
        Box::new(|_: &_, _: &_| Bounds { body: 0, compiles: false, admins: false, secret: false });
    Onion::new(inner, &app.config, limits, bounds, (app.clock.clone(), app.db.clone()))
}
