//! The forum that is asked: filled through its services, served as `gatherly
//! serve` does, and asked without HTTP for comparison.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gatherly::{
    accounts::Applicant,
    app::App,
    base::{
        actor::Actor,
        clock::Clock,
        ids::{BindingId, PostId},
        page::PageRequest,
        secret::{Secret, random_token},
    },
    comments::NewComment,
    config::{Config, Synchronous},
    hooks::Mode,
    http::{ClientAddress, server},
    jobs::{self, JobState},
    plugin_admin::{Change, NewBinding},
    plugin_trials::{NewReplay, ReplayState},
    posts::{PostFilter, PostSort},
    routes,
    sessions::Device,
    votes::{Subject, VoteValue},
    workers,
};
use poem::Endpoint;
use tokio::net::TcpListener;

use super::load::{CONNECTIONS, LENGTH, Load};

/// Where the URL of an empty database stands, for one that is not embedded.
pub(super) const DATABASE: &str = "DATABASE_URL";
/// Size of the forum.
const POSTS: usize = 1_000;
const COMMENTS: usize = 20;
/// Posts that are read: the newest ones are what people open.
const HOT_POSTS: usize = 100;
/// Automods that are bound at most.
const AUTOMODS: usize = 3;
/// Small plugins beside one automod: three plugins as a forum would have them.
const SMALL: usize = 2;
/// The level at which those are asked.
pub(super) const MIXED: usize = AUTOMODS + 1;
/// Minutes that the whole bench may take: as long as a token may be valid.
const ACCESS_MINUTES: u64 = 15;
/// By when the pump has seen what happened.
const PASSED_ON: Duration = Duration::from_millis(300);
/// How often a replay is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What everybody writes, about as long as comments are.
pub(super) const TEXT: &str = "I tried this on Sunday and it came out *well*; next time with less \
    salt and a longer rest. Two things surprised me:\n\n- how much water it takes\n- how little it \
    minds the cold\n\nThe rest is as you say. Has anybody kept it for longer than a week, and did it \
    stay as moist as on the first day?";

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    List,
    Get,
    Comment,
    Vote,
}

impl Operation {
    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Comment | Self::Vote)
    }

    /// After so many requests it is the first one's turn again.
    pub(super) fn turns(self, content: &Content) -> usize {
        match self {
            Self::List => 1,
            Self::Get | Self::Comment => content.asked(self).len(),
            // One way, and the other.
            Self::Vote => 2 * content.asked(self).len(),
        }
    }
}

/// A folder that is gone when the bench ends.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("gatherly-bench-{}", uuid::Uuid::now_v7())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// A server with a cache of a size, and what it listens on.
pub(super) struct Server {
    pub(super) app: App,
    pub(super) base: String,
}

/// Who and what there is in the forum.
pub(super) struct Content {
    posts: Vec<PostId>,
    bindings: Vec<BindingId>,
    password: Secret<String>,
}

impl Content {
    /// The posts that an operation is about.
    pub(super) fn asked(&self, operation: Operation) -> &[PostId] {
        match operation {
            Operation::Get => &self.posts[self.posts.len() - HOT_POSTS..],
            _ => &self.posts,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench has no other settings")]
fn config(folder: &Path, cache: u64) -> Config {
    let mut config = Config::defaults().expect("the defaults are good");
    folder.clone_into(&mut config.data_dir);
    config.limits.enabled = false;
    config.sessions.access_minutes = ACCESS_MINUTES;
    config.cache.megabytes = cache;
    if let Ok(url) = std::env::var(DATABASE) {
        config.database.url = Secret::new(url);
    }
    config
}

async fn build(config: Config) -> App {
    let program = std::env::current_exe().expect("its own path");
    App::build(config, Clock::system(), program).await.expect("a server")
}

/// Serves an endpoint on a port of its own.
pub(super) async fn listen<E: Endpoint + 'static>(app: &App, endpoint: E) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let (settings, lifecycle) = (app.config.server.clone(), app.lifecycle.clone());
    app.lifecycle.spawn(async move {
        server::serve(listener, endpoint, &settings, &lifecycle).await;
    });
    base
}

impl Server {
    /// A server of the forum in `folder`, which only answers; `cache` in MiB. Several
    /// that write to one file would wait for each other.
    pub(super) async fn start(folder: &Path, cache: u64) -> Self {
        Self::start_with(config(folder, cache)).await
    }

    /// Lets it do what follows from requests, too.
    pub(super) fn work(&self) {
        workers::start(&self.app);
    }

    /// As [`Self::start`], but every decision goes on record, whatever the flood.
    pub(super) async fn start_recording(folder: &Path, cache: u64) -> Self {
        let mut config = config(folder, cache);
        config.decisions.allows_per_second = 1_000_000;
        Self::start_with(config).await
    }

    async fn start_with(config: Config) -> Self {
        let app = build(config).await;
        let base = listen(&app, routes::endpoint(&app)).await;
        Self { app, base }
    }

    /// Signs somebody in: the access token.
    pub(super) async fn sign_in(&self, name: &str, content: &Content) -> String {
        token(&self.app, name, &content.password).await
    }

    /// Lets so many plugins be asked.
    pub(super) async fn bind(&self, admin: &str, content: &Content, plugins: usize) {
        let admin = self.app.sessions.authenticate(admin).await.expect("the admin");
        for (at, id) in content.bindings.iter().enumerate() {
            let asked = match plugins {
                MIXED => at == 0 || at >= AUTOMODS,
                automods => at < automods,
            };
            let mode = if asked { Mode::Enforce } else { Mode::Off };
            let change = Change { mode: Some(mode), ..Change::default() };
            self.app.plugins.change(&admin, *id, change).await.expect("a change");
        }
    }

    /// Waits until all jobs are done that can be.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(PASSED_ON).await;
        let page = PageRequest { after: None, limit: 1 };
        for state in [JobState::Waiting, JobState::Active] {
            while !jobs::list(&self.app.db, (Some(state), None), &page)
                .await
                .expect("jobs")
                .is_empty()
            {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Lets a small plugin judge all that is on record; tells how many events.
    pub(super) async fn replay(&self, admin: &str, content: &Content) -> i64 {
        let admin = self.app.sessions.authenticate(admin).await.expect("the admin");
        let new = NewReplay { binding: content.bindings.last().copied(), ..NewReplay::default() };
        let trials = &self.app.trials;
        let id = trials.start_replay(&admin, new).await.expect("a replay").id;
        let page = PageRequest::parse(None, None).expect("a page");
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let (replay, _) = trials.find_replay(&admin, id, &page).await.expect("a replay");
            match replay.state {
                state if state.is_open() => {}
                ReplayState::Completed => return replay.counts.judged,
                state => panic!("{state:?}: {:?}", replay.error),
            }
        }
    }

    /// The same as a request does, without HTTP.
    pub(super) async fn ask(
        &self,
        operation: Operation,
        (content, token): (&Content, &str),
        first: usize,
    ) -> Load {
        askers(first, async |turn| self.ask_once(operation, content, token, turn).await).await
    }

    pub(super) async fn ask_once(
        &self,
        operation: Operation,
        content: &Content,
        token: &str,
        turn: usize,
    ) {
        let forum = &self.app.forum;
        let posts = content.asked(operation);
        let post = posts[turn % posts.len()];
        let actor = async || self.app.sessions.authenticate(token).await.expect("somebody");
        match operation {
            Operation::List => {
                let page = PageRequest::parse(None, None).expect("a page");
                let what = (&PostFilter::default(), PostSort::Hot);
                let page = forum.posts.list(None, what, &page).await.expect("posts");
                assert!(!page.items.is_empty());
            }
            Operation::Get => {
                forum.posts.access(None, post).await.expect("a post");
            }
            Operation::Comment => {
                let new =
                    NewComment { post, parent: None, body: TEXT.to_owned(), media: Vec::new() };
                forum.comments.create(&actor().await, &new).await.expect("a comment");
            }
            Operation::Vote => {
                let value = if (turn / posts.len()).is_multiple_of(2) { 1 } else { -1 };
                let value = VoteValue::from_stored(value);
                let subject = Subject::Post(post);
                forum.votes.cast(&actor().await, subject, value).await.expect("a vote");
            }
        }
    }

    pub(super) async fn stop(self) {
        self.app.lifecycle.stop().await;
        self.app.lifecycle.finish(self.app.config.server.shutdown_timeout()).await;
        self.app.db.close().await;
    }
}

/// Asks for a while, as many at once as there are connections.
pub(super) async fn askers(first: usize, ask: impl AsyncFn(usize)) -> Load {
    let (turn, start) = (AtomicUsize::new(first), Instant::now());
    let askers = (0..CONNECTIONS).map(|_| async {
        while start.elapsed() < LENGTH {
            ask(turn.fetch_add(1, Ordering::Relaxed)).await;
        }
    });
    join_all(askers).await;
    Load { requests: turn.into_inner() - first, seconds: start.elapsed().as_secs_f64() }
}

/// Makes the forum.
pub(super) async fn fill(folder: &Path) -> Content {
    let mut config = config(folder, 0);
    config.database.synchronous = Synchronous::Normal;
    let app = build(config).await;
    let password = random_token().expect("randomness");
    let admin = applicant("host", &password);
    app.accounts.create_admin(admin).await.expect("an admin");
    let here = ClientAddress(Ipv4Addr::LOCALHOST.into());
    for name in ["author", "reader"] {
        app.accounts.register(applicant(name, &password), here).await.expect("an account");
    }
    let admin = actor(&app, "host", &password).await;
    let author = actor(&app, "author", &password).await;
    let mut posts = Vec::new();
    for number in 0..POSTS {
        let title = format!("Question {number} about bread and its crust");
        let text = (title.as_str(), TEXT);
        let written = app.forum.posts.create(&author, "general", text, &[]).await.expect("a post");
        let post = written.access.post.id;
        for _ in 0..COMMENTS {
            let new = NewComment { post, parent: None, body: TEXT.to_owned(), media: Vec::new() };
            app.forum.comments.create(&author, &new).await.expect("a comment");
        }
        posts.push(post);
    }
    let bindings = bind(&app, &admin).await;
    app.db.close().await;
    Content { posts, bindings, password }
}

async fn bind(app: &App, admin: &Actor) -> Vec<BindingId> {
    let automod = include_bytes!("../../plugins/automod/automod.wasm");
    let rules = include_str!("../../plugins/automod/example.yaml");
    let small = wat::parse_str(include_str!("../../plugins/hostile/allow.wat")).expect("it parses");
    let mut bindings = Vec::new();
    for (name, component, settings, count) in
        [(None, &automod[..], Some(rules.into()), AUTOMODS), (Some("small"), &small, None, SMALL)]
    {
        let (version, _) =
            app.versions.upload(admin, name, Arc::from(component)).await.expect("a version");
        for _ in 0..count {
            let change =
                Change { settings: settings.clone(), mode: Some(Mode::Off), ..Change::default() };
            let new = NewBinding { plugin: version.plugin.clone(), community: None, change };
            bindings.push(app.plugins.bind(admin, new).await.expect("a binding").binding.id);
        }
    }
    bindings
}

fn applicant(name: &str, password: &Secret<String>) -> Applicant {
    let email = format!("{name}@example.org");
    Applicant { username: name.to_owned(), email, password: password.clone() }
}

async fn token(app: &App, name: &str, password: &Secret<String>) -> String {
    let address = ClientAddress(Ipv4Addr::LOCALHOST.into());
    let device = Device { address, user_agent: "bench".to_owned() };
    let grant = app.sessions.sign_in(name, password.clone(), &device).await.expect("a session");
    grant.access_token.expose().clone()
}

async fn actor(app: &App, name: &str, password: &Secret<String>) -> Actor {
    let token = token(app, name, password).await;
    app.sessions.authenticate(&token).await.expect("somebody")
}
