//! The real program in a process of its own, as operators start it.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use gatherly::{
    base::secret::Secret,
    config::{Config, MAX_ALLOWS},
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::{Client, app::Folder, mariadb};

/// A command that has not ended by now never will.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// Between two looks at a server that starts.
const LOOK: Duration = Duration::from_millis(10);

/// A folder with settings and data, in which the program is run.
pub struct Installation {
    folder: Folder,
    /// The database, if it is no file in the folder.
    database: Option<String>,
}

/// A server that runs; killed when it is dropped.
pub struct Running {
    child: Child,
    pub client: Client,
    pub listen: SocketAddr,
    pub metrics: SocketAddr,
}

impl Installation {
    /// With settings of its own, beside the folder of the data.
    pub fn new(settings: &str) -> Self {
        let folder = Folder::new();
        let database = mariadb::is_asked_for().then(|| {
            mariadb::make(&folder.database());
            mariadb::url(&folder.database())
        });
        Self::made(folder, database, settings)
    }

    /// On a database that was made for it.
    pub fn on(database: &str, settings: &str) -> Self {
        Self::made(Folder::new(), Some(database.to_owned()), settings)
    }

    fn made(folder: Folder, database: Option<String>, settings: &str) -> Self {
        let installation = Self { folder, database };
        fs::create_dir(&installation.folder.0).unwrap();
        installation.settings(settings);
        installation
    }

    /// Puts other settings in the place of the ones that are there.
    pub fn settings(&self, settings: &str) {
        let data_dir = self.data_dir().display().to_string();
        fs::write(self.path("gatherly.toml"), format!("data_dir = {data_dir:?}\n{settings}"))
            .unwrap();
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.0.join(name)
    }

    /// Folder of the data.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.path("data")
    }

    /// What servers have said, on either stream.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("server.log")).unwrap_or_default()
    }

    /// The program with the settings' file and nothing of this environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(Some(&self.path("gatherly.toml")), arguments);
        if let Some(url) = &self.database {
            command.env("GATHERLY_DATABASE__URL", url);
        }
        command
    }

    /// The settings that lead to the same data.
    pub fn config(&self) -> Config {
        let mut config = Config::defaults().unwrap();
        config.data_dir = self.data_dir();
        if let Some(url) = &self.database {
            config.database.url = Secret::new(url.clone());
        }
        config
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Output {
        output(self.command(arguments), input).await
    }

    /// Starts the server and waits until it is ready.
    pub async fn serve(&self) -> Running {
        self.serve_by(|command| command).await
    }

    /// The same, with something in its environment.
    pub async fn serve_with(&self, environment: &[(&str, &str)]) -> Running {
        self.serve_by(|mut command| {
            command.envs(environment.iter().copied());
            command
        })
        .await
    }

    /// The same for a server that is told when a file may not grow, rather than
    /// killed: as it is when the disk is full.
    pub async fn serve_on_small_disk(&self) -> Running {
        self.serve_after("trap '' XFSZ").await
    }

    /// The same for a server that hears every signal: a shell starts its background jobs
    /// with some of them ignored.
    pub async fn serve_hearing_signals(&self) -> Running {
        self.serve_by(|command| hearing_signals(&command)).await
    }

    /// The same by a shell that has done something before.
    pub async fn serve_after(&self, before: &str) -> Running {
        self.serve_by(|command| after(before, &command)).await
    }

    async fn serve_by(&self, by: impl Fn(Command) -> Command) -> Running {
        for _ in 0..3 {
            if let Some(running) = self.try_serve(&by).await {
                return running;
            }
        }
        panic!("no server: {}", self.log());
    }

    /// None if somebody else took the port in the meantime.
    async fn try_serve(&self, by: impl Fn(Command) -> Command) -> Option<Running> {
        let [listen, metrics] = free_addresses();
        let log = File::options().append(true).create(true).open(self.path("server.log")).unwrap();
        let child = by(self.command(&["serve"]))
            .env("GATHERLY_DECISIONS__ALLOWS_PER_SECOND", MAX_ALLOWS.to_string())
            .env("GATHERLY_SERVER__LISTEN", listen.to_string())
            .env("GATHERLY_SERVER__METRICS_LISTEN", metrics.to_string())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let client = Client::new(format!("http://{listen}"));
        let mut running = Running { child, client, listen, metrics };
        let ready = async {
            loop {
                if running.child.try_wait().unwrap().is_some() {
                    return false;
                }
                let answer = exchange(listen, "GET /readyz HTTP/1.1", "").await;
                if answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                    return true;
                }
                sleep(LOOK).await;
            }
        };
        timeout(COMMAND_LIMIT, ready).await.expect("a server that is ready").then_some(running)
    }
}

impl Running {
    /// The process.
    pub fn id(&self) -> Pid {
        let id = i32::try_from(self.child.id().expect("a process")).unwrap();
        Pid::from_raw(id).unwrap()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    /// Waits for the end.
    pub async fn ended(&mut self) -> ExitStatus {
        timeout(COMMAND_LIMIT, self.child.wait()).await.expect("an end").unwrap()
    }

    /// Kills it as a crash would: it learns nothing of it.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A command by a shell that has done something before.
pub fn after(before: &str, command: &Command) -> Command {
    by("sh", &["-c", &format!("{before}; exec \"$@\""), "sh"], command)
}

/// A command with no signal ignored, whatever started the tests ignores.
pub fn hearing_signals(command: &Command) -> Command {
    by("env", &["--default-signal"], command)
}

/// A command by a program that becomes it.
fn by(program: &str, arguments: &[&str], command: &Command) -> Command {
    let command = command.as_std();
    let mut first = Command::new(program);
    first.args(arguments).kill_on_drop(true).env_clear();
    first.arg(command.get_program()).args(command.get_args());
    first.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    first
}

/// The program, with nothing of this environment.
pub fn program(settings: Option<&Path>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatherly"));
    command.env_clear().kill_on_drop(true);
    if let Some(settings) = settings {
        command.arg("--config").arg(settings);
    }
    command.args(arguments);
    command
}

/// Runs a command to its end.
pub async fn output(mut command: Command, input: &str) -> Output {
    let run = async {
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        // A program that ends early does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        child.wait_with_output().await.unwrap()
    };
    timeout(COMMAND_LIMIT, run).await.expect("a command that ends")
}

/// Addresses that nobody listens on.
fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

/// One request on a connection of its own: the whole answer, or what happened
/// instead. Half an answer is a failure whenever it happens.
pub async fn exchange(to: SocketAddr, line: &str, body: &str) -> Result<String, std::io::Error> {
    let mut stream = TcpStream::connect(to).await?;
    let request = format!(
        "{line}\r\nhost: forum\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    if answer.is_empty() {
        return Err(read.err().unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into()));
    }
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("a length").parse().unwrap();
    assert_eq!(body.len(), length, "half an answer: {answer}");
    Ok(answer)
}
