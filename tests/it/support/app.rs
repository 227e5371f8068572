//! A server of one test's own.

use std::{ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use gatherly::{
    accounts::Applicant,
    app::App,
    base::{
        clock::{Clock, Timestamp},
        secret::{Secret, random_bytes},
    },
    config::{Config, MAX_ALLOWS, Synchronous},
    http::server,
    jobs::Handlers,
    routes, workers,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Client, mariadb,
    redis::{self, RedisServer},
};

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";
/// When every test begins: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

/// A running server, and a client that nobody is signed in with.
pub struct TestApp {
    /// On the heap, as what builds it: a test's stack holds several servers.
    pub app: Box<App>,
    pub client: Client,
    folder: Arc<Folder>,
}

/// Somebody with an account, signed in.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub client: Client,
    /// What signing in answered.
    pub tokens: Value,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A folder that is gone with the test.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    /// The path of a folder that is not there yet.
    pub(super) fn new() -> Self {
        let name = format!("gatherly-it-{}", hex::encode(random_bytes::<8>().unwrap()));
        Self(std::env::temp_dir().join(name))
    }
}

impl Folder {
    /// The name of the database that goes with it, where that is no file.
    pub(super) fn database(&self) -> String {
        let name = self.0.file_name().unwrap_or_default().to_string_lossy();
        name.replace('-', "_")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if mariadb::is_asked_for() {
            mariadb::forget(self.database());
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl TestApp {
    /// A server with default settings, but no limits and a clock that stands still.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(Folder::new().into(), Clock::fixed(START), change, |_, work| work).await
    }

    /// A server where others do the jobs, or with something around those who do.
    pub async fn start_working(work: impl FnOnce(&App, Handlers) -> Handlers) -> Self {
        Self::start_in(Folder::new().into(), Clock::fixed(START), |_| {}, work).await
    }

    /// A server with other settings, where others do the jobs.
    pub async fn start_working_with(
        change: impl FnOnce(&mut Config),
        work: impl FnOnce(&App, Handlers) -> Handlers,
    ) -> Self {
        Self::start_in(Folder::new().into(), Clock::fixed(START), change, work).await
    }

    /// Stops the server and starts another on the same data.
    pub async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Self {
        self.app.lifecycle.stop().await;
        self.app.lifecycle.finish(Duration::from_secs(10)).await;
        self.app.db.close().await;
        Self::start_in(self.folder, self.app.clock.clone(), change, |_, work| work).await
    }

    /// Stops the server and starts another on the same data, where others do the jobs.
    pub async fn restart_working(self, work: impl FnOnce(&App, Handlers) -> Handlers) -> Self {
        self.app.lifecycle.stop().await;
        self.app.lifecycle.finish(Duration::from_secs(10)).await;
        self.app.db.close().await;
        let (redis, jobs) = (self.app.config.redis.clone(), self.app.config.jobs);
        let change = |config: &mut Config| (config.redis, config.jobs) = (redis, jobs);
        Self::start_in(self.folder, self.app.clock.clone(), change, work).await
    }

    /// Starts another server on the same data, with the same clock.
    pub async fn another_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let (folder, clock) = (Arc::clone(&self.folder), self.app.clock.clone());
        Self::start_in(folder, clock, change, |_, work| work).await
    }

    /// Starts another server on the same data, with the same clock, and jobs
    /// carried in the same way, where others do them.
    pub async fn another_working(&self, work: impl FnOnce(&App, Handlers) -> Handlers) -> Self {
        let (folder, clock) = (Arc::clone(&self.folder), self.app.clock.clone());
        let (redis, jobs) = (self.app.config.redis.clone(), self.app.config.jobs.clone());
        let change = |config: &mut Config| (config.redis, config.jobs) = (redis, jobs);
        Self::start_in(folder, clock, change, work).await
    }

    async fn start_in(
        folder: Arc<Folder>,
        clock: Clock,
        change: impl FnOnce(&mut Config),
        work: impl FnOnce(&App, Handlers) -> Handlers,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::defaults().unwrap();
        config.data_dir.clone_from(&folder.0);
        config.server.listen = listener.local_addr().unwrap();
        config.database.synchronous = Synchronous::Normal;
        if mariadb::is_asked_for() {
            config.database.url = Secret::new(mariadb::database(&folder.database()).await);
        }
        config.limits.enabled = false;
        // Tests write faster than people, and look at every record.
        config.decisions.allows_per_second = MAX_ALLOWS;
        // Few tests are about time, and the processor is shared by all.
        (config.plugins.deadline_ms, config.plugins.cpu_ms) = (2_000, 1_000);
        if redis::is_everywhere() {
            config.redis.url = Secret::new(RedisServer::shared().url());
        }
        // Everybody on these data, and nobody else.
        config.redis.prefix = folder.0.file_name().unwrap().to_str().unwrap().to_owned();
        change(&mut config);
        let compiler = PathBuf::from(env!("CARGO_BIN_EXE_gatherly"));
        let app = Box::new(Box::pin(App::build(config, clock, compiler)).await.expect("a server"));
        let client = Client::new(format!("http://{}", app.config.server.listen));
        let endpoint = routes::endpoint(&app);
        let (settings, lifecycle) = (app.config.server.clone(), app.lifecycle.clone());
        app.lifecycle.spawn(async move {
            server::serve(listener, endpoint, &settings, &lifecycle).await;
        });
        workers::start_with(&app, work(&app, workers::handlers(&app)));
        Self { app, client, folder }
    }

    /// Moves the server's clock on.
    pub fn advance(&self, by: Duration) {
        self.app.clock.advance(by);
        // Jobs wait for the system's clock, which stands still.
        self.app.db.jobs_added();
    }

    /// Registers somebody and signs them in.
    pub async fn member(&self, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let body = json!({"username": name, "email": email, "password": PASSWORD});
        self.client.post("/accounts", body).await.expect(201);
        self.sign_in(name).await
    }

    /// Makes an admin, as the command line does, and signs them in.
    pub async fn admin(&self, name: &str) -> Person {
        let applicant = Applicant {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password: Secret::new(PASSWORD.to_owned()),
        };
        self.app.accounts.create_admin(applicant).await.expect("an admin");
        self.sign_in(name).await
    }

    /// Signs somebody in.
    pub async fn sign_in(&self, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD});
        let tokens = self.client.post("/sessions", body).await.expect(201);
        let client = self.client.with_token(tokens["access_token"].as_str().unwrap());
        Person { name: name.to_owned(), client, tokens }
    }

    /// How many statements the server runs while `work` is done.
    pub async fn statements<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        let before = self.app.db.statements_run();
        let result = work.await;
        (result, self.app.db.statements_run() - before)
    }
}
