//! A `MariaDB` of this run's own, when `TEST_DATABASE=mysql` asks for it: each
//! test has a database in it. It keeps its files in memory and waits for no disk,
//! and it ends with this process, however that ends.
//!
//! `TEST_DATABASE=127.0.0.1:3306` asks for one that is there, with a root that needs no
//! password; several with commas between them are the nodes of a cluster, each of which
//! has some of the tests.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock, Mutex,
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use gatherly::base::secret::random_bytes;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};

/// How long a server may take to start on a machine that does other things.
const START_LIMIT: Duration = Duration::from_mins(1);
/// The server, until nobody holds the other end of its input: a test process
/// that is killed cannot clean up. `$0` is the folder.
const SCRIPT: &str = r#"
"$@" & server=$!
trap 'kill -9 $server 2>/dev/null; wait $server; rm -rf "$0"' EXIT
trap exit HUP INT TERM
read -r _"#;
/// Small, fast, and forgetful.
const OPTIONS: &[&str] = &[
    "--no-defaults",
    "--user=root",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    // What was committed outlives the process, not the machine.
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=64M",
    "--performance-schema=0",
    "--max-connections=2000",
];

/// What tests run on: nothing for the embedded engine, one of our own, or addresses.
const ASKED: &str = "TEST_DATABASE";
const OWN: &str = "mysql";
/// The one that all tests share.
static SHARED: LazyLock<MariaDb> = LazyLock::new(MariaDb::start);
/// Drops databases that no test needs any more.
static DROPPED: LazyLock<Mutex<Sender<String>>> = LazyLock::new(|| {
    let (sender, names) = channel::<String>();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for name in names {
            // What stays behind goes with the server.
            let drop = format!("drop database if exists {name}");
            let _ = runtime.block_on(run(&address(&name), &drop));
        }
    });
    Mutex::new(sender)
});

/// Whether tests are to run on `MySQL`.
pub fn is_asked_for() -> bool {
    std::env::var_os(ASKED).is_some()
}

/// Where the server is that has this database.
pub fn address(name: &str) -> String {
    let there = std::env::var_os(ASKED).and_then(|asked| asked.into_string().ok());
    let there = there.filter(|there| there != OWN);
    let Some(there) = there else { return SHARED.address() };
    let nodes: Vec<&str> = there.split(',').collect();
    let sum: usize = name.bytes().map(usize::from).sum();
    nodes[sum % nodes.len()].to_owned()
}

/// The URL of a test's database, which is made if it is not there.
pub async fn database(name: &str) -> String {
    run(&address(name), &format!("create database if not exists {name}")).await.unwrap();
    url(name)
}

/// Makes a test's database, for those who cannot wait.
pub fn make(name: &str) {
    thread::scope(|scope| {
        let made = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(database(name))
        });
        made.join().unwrap();
    });
}

/// The URL of a test's database that was made.
pub fn url(name: &str) -> String {
    url_at(&address(name), name)
}

fn url_at(address: &str, name: &str) -> String {
    format!("mysql://root@{address}/{name}?ssl-mode=DISABLED")
}

/// Runs a statement outside of any database.
async fn run(address: &str, sql: &str) -> sqlx::Result<()> {
    let mut connection = MySqlConnection::connect(&url_at(address, "")).await?;
    connection.execute(AssertSqlSafe(sql.to_owned())).await?;
    connection.close().await
}

/// The URL of a test's database over another way to its server.
pub fn url_over(way: SocketAddr, name: &str) -> String {
    url_at(&way.to_string(), name)
}

/// Drops a test's database, some time.
pub fn forget(name: String) {
    let _ = DROPPED.lock().unwrap().send(name);
}

/// A running server.
pub struct MariaDb {
    guards: Vec<Child>,
    folder: PathBuf,
    pub port: u16,
}

impl MariaDb {
    /// Starts one.
    pub fn start() -> Self {
        let name = format!("gatherly-mariadb-{}", hex::encode(random_bytes::<8>().unwrap()));
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = parent.join(name);
        std::fs::create_dir(&folder).unwrap();
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--user=root", "--basedir=/usr", "--skip-test-db"])
            .args(["--auth-root-authentication-method=normal", "--skip-name-resolve"])
            .arg(format!("--datadir={}/data", folder.display()))
            .env("TMPDIR", &folder)
            .output()
            .expect("MariaDB is installed: tests/run does that");
        assert!(installed.status.success(), "{installed:?}");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let guards = vec![Self::serve(&folder, port)];
        let server = Self { guards, folder, port };
        server.wait();
        server
    }

    fn serve(folder: &Path, port: u16) -> Child {
        // One that starts deletes what others keep for a while in the same folder.
        let temporary = folder.to_owned();
        let folder = folder.display();
        let log = std::fs::File::create(format!("{folder}/log")).unwrap();
        Command::new("sh")
            .args(["-c", SCRIPT, &folder.to_string(), "mariadbd"])
            .args(OPTIONS)
            .arg(format!("--datadir={folder}/data"))
            .arg(format!("--socket={folder}/socket"))
            .arg(format!("--pid-file={folder}/pid"))
            .arg(format!("--port={port}"))
            .env("TMPDIR", temporary)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn wait(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < START_LIMIT, "{}", log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL of a database, which is made if it is not there.
    pub async fn database(&self, name: &str) -> String {
        let address = self.address();
        run(&address, &format!("create database if not exists {name}")).await.unwrap();
        url_at(&address, name)
    }

    /// Runs a statement outside of any database.
    pub async fn run(&self, sql: &str) -> sqlx::Result<()> {
        run(&self.address(), sql).await
    }

    /// Sends a signal to the server's process.
    pub fn signal(&self, signal: Signal) {
        let process = std::fs::read_to_string(self.folder.join("pid")).unwrap();
        let process = Pid::from_raw(process.trim().parse().unwrap()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Starts the server again after it was killed.
    pub fn restart(&mut self) {
        std::fs::remove_file(self.folder.join("pid")).unwrap();
        // Who watched the first one looks on: the end of both is the same.
        self.guards.push(Self::serve(&self.folder, self.port));
        self.wait();
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        for guard in &mut self.guards {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}
