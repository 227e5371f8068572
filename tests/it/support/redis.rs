//! A Redis of the tests' own, on a free port and with nothing on disk. It ends
//! with the process that started it, however that ends: then its input does.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use gatherly::{
    base::secret::Secret,
    config::{Config, JobBackend},
};

/// Set where every server of the tests is to use Redis.
const EVERYWHERE: &str = "TEST_REDIS";
/// Runs until its input ends.
const SCRIPT: &str = "redis-server \"$@\" >/dev/null & read -r _; kill -9 $!";

/// One for all tests that need one; each server there has a prefix of its own.
static SHARED: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);

/// Has jobs carried by this; for all but the database, by the Redis of all tests.
pub fn carried_by(backend: JobBackend) -> impl FnOnce(&mut Config) {
    move |config| {
        config.jobs.backend = backend;
        if backend != JobBackend::Database {
            config.redis.url = Secret::new(RedisServer::shared().url());
        }
    }
}

/// Makes a test of each function, once for everything that can carry jobs.
#[macro_export]
macro_rules! on_every_backend {
    ($($test:ident)*) => {
        $crate::on_every_backend! { database Database: $($test)* }
        $crate::on_every_backend! { rsmq Rsmq: $($test)* }
        $crate::on_every_backend! { bullmq Bullmq: $($test)* }
    };
    ($module:ident $backend:ident: $($test:ident)*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(gatherly::config::JobBackend::$backend).await;
                }
            )*
        }
    };
}

/// A Redis; killed when it is dropped.
pub struct RedisServer {
    child: Child,
    pub address: SocketAddr,
}

/// Whether all servers use Redis in this run.
pub fn is_everywhere() -> bool {
    std::env::var_os(EVERYWHERE).is_some_and(|value| value == "1")
}

impl RedisServer {
    /// The one for all tests.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// One of a test's own.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        Self::start_on(address)
    }

    /// One on a port where one was.
    pub fn start_on(address: SocketAddr) -> Self {
        let port = address.port().to_string();
        let arguments =
            ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "redis"])
            .args(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let server = Self { child, address };
        for _ in 0..1_000 {
            if TcpStream::connect(address).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not start; tests/run installs it");
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Kills it as a crash would; what it had is gone.
    pub fn kill(mut self) -> SocketAddr {
        self.end();
        self.address
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.end();
    }
}
