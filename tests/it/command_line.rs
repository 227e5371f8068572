//! The program as a shell and an operator have it: what is typed, signals, the form of the
//! log, and who can read what it leaves.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use hyper::Method;
use rustix::{
    process::Signal,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::{
    hooks::guest,
    media::picture,
    support::{Installation, PASSWORD, after, output, program, wait_for},
};

const CREATE: [&str; 5] = ["admin", "create", "boss", "--email", "boss@example.org"];
/// A server that was asked to stop and has nothing to do.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

/// What somebody types at a terminal, and what the terminal shows.
struct Terminal {
    master: fs::File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs a command to its end; types each text once its prompt is shown. The exit code,
    /// and what the terminal has shown.
    async fn run(
        installation: &Installation,
        arguments: &[&str],
        dialogue: &[(&str, &str)],
    ) -> (Option<i32>, String) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = fs::File::options().read(true).write(true).open(name).unwrap();
        let mut command = installation.command(arguments);
        let [stdin, stdout, stderr] = [(); 3].map(|()| slave.try_clone().unwrap());
        let mut child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().unwrap();
        let mut terminal = Self { master: master.into(), shown: Arc::default() };
        let (mut reader, shown) =
            (terminal.master.try_clone().unwrap(), Arc::clone(&terminal.shown));
        let reading = thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                shown.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        for (prompt, typed) in dialogue {
            wait_for(prompt, async || terminal.shown().ends_with(prompt)).await;
            // Until the terminal shows nothing any more: what comes earlier is shown.
            wait_for("a terminal that hides", async || !terminal.is_showing()).await;
            terminal.master.write_all(typed.as_bytes()).unwrap();
        }
        let status = timeout(STOPPED_WITHIN, child.wait()).await.expect("an end").unwrap();
        assert!(terminal.is_showing(), "the terminal stays as it was made");
        // Then nobody has it any more, and all is read.
        drop((slave, command));
        reading.join().unwrap();
        (status.code(), terminal.shown())
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn is_showing(&self) -> bool {
        tcgetattr(&self.master).unwrap().local_modes.contains(LocalModes::ECHO)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_typed_is_not_shown_and_is_asked_twice() {
    const FIRST: &str = "(8 to 128 characters): ";
    const SECOND: &str = "again: ";
    let installation = Installation::new("");
    let line = format!("{PASSWORD}\n");

    let other = [(FIRST, line.as_str()), (SECOND, "another\n")];
    let (code, shown) = Terminal::run(&installation, &CREATE, &other).await;
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("the two passwords differ"), "{shown}");
    let (code, shown) = Terminal::run(&installation, &CREATE, &[(FIRST, "half of a\u{3}")]).await;
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("interrupted") && !shown.contains("half of"), "{shown}");

    let same = [(FIRST, line.as_str()), (SECOND, line.as_str())];
    let (code, shown) = Terminal::run(&installation, &CREATE, &same).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("boss is an admin.") && !shown.contains(PASSWORD), "{shown}");
    let server = installation.serve().await;
    let body = json!({"username": "boss", "password": PASSWORD});
    server.client.post("/sessions", body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_that_compiles_is_for_the_server_alone() {
    for arguments in [&["compile-plugi"][..], &["--help"]] {
        let output = output(program(None, arguments), "").await;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("compile-plugin'") && !said.contains("  compile-plugin"), "{said}");
    }
    let output = output(program(None, &["compile-plugin", "many"]), "").await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_signal_that_ends_a_process_stops_the_server_softly() {
    let installation = Installation::new("");
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT, Signal::HUP] {
        let mut server = installation.serve_hearing_signals().await;
        server.signal(signal);
        let status = timeout(STOPPED_WITHIN, server.ended()).await.expect("an end");
        assert!(status.success(), "{signal:?}: {status}");
    }
    // As `nohup` starts it, for people who close their terminal.
    let mut server = installation.serve_after("trap '' HUP").await;
    server.signal(Signal::HUP);
    sleep(Duration::from_secs(1)).await;
    server.client.get("/communities").await.expect(200);
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_tells_whether_the_server_is_ready() {
    let installation = Installation::new("");
    let server = installation.serve().await;
    let check = async || {
        let mut command = installation.command(&["healthcheck"]);
        command.env("GATHERLY_SERVER__LISTEN", format!("0.0.0.0:{}", server.listen.port()));
        output(command, "").await
    };
    let ready = check().await;
    assert!(ready.status.success(), "{ready:?}");
    server.signal(Signal::TERM);
    wait_for("an unhealthy server", async || !check().await.status.success()).await;
}

/// The lines of a log of JSON; every one is an object.
fn lines(log: &str) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    log.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_one_line_of_the_log_in_either_form() {
    let installation = Installation::new("[log]\nformat = \"json\"");
    let at = [("PANIC_AT", "answer-due:1")];
    let body = json!({"username": "nobody", "password": PASSWORD});
    let mut server = installation.serve_with(&at).await;
    let _ = server.client.try_send(Method::POST, "/sessions", Some(body.clone())).await;
    wait_for("a panic", async || installation.log().contains("panicked")).await;
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
    // The end of a command that fails is one as well.
    let taken = server.listen.to_string();
    let _holder = std::net::TcpListener::bind(&taken).unwrap();
    let mut command = installation.command(&["serve"]);
    command.env("GATHERLY_SERVER__LISTEN", &taken);
    let failed = output(command, "").await;
    assert_eq!(failed.status.code(), Some(1));
    let log = installation.log() + &String::from_utf8(failed.stderr).unwrap();
    let lines = lines(&log);
    let panic = lines.iter().find(|line| line["message"] == "panicked").expect("a panic");
    assert_eq!(panic["level"], "ERROR");
    assert!(panic["panic"].as_str().unwrap().contains("answer-due was passed"), "{panic}");
    assert!(panic["place"].as_str().unwrap().contains("src/crash.rs"), "{panic}");
    assert!(panic["backtrace"].as_str().unwrap().contains("gatherly::"), "{panic}");
    let end = lines.last().unwrap();
    assert!(end["error"].as_str().unwrap().contains("server.listen"), "{end}");

    let installation = Installation::new("");
    let server = installation.serve_with(&at).await;
    let _ = server.client.try_send(Method::POST, "/sessions", Some(body)).await;
    wait_for("a panic", async || installation.log().contains("panicked")).await;
    let log = installation.log();
    let line = log.lines().find(|line| line.contains("panicked")).unwrap();
    for part in ["ERROR", "answer-due was passed", "src/crash.rs", "gatherly::"] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

/// Everything in a folder, and in those in it.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let within = |path: PathBuf| {
        let below = if path.is_dir() { everything(&path) } else { Vec::new() };
        std::iter::once(path).chain(below)
    };
    entries.flat_map(within).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn others_can_read_nothing_that_the_server_writes() {
    // With a file of the past, in a folder that somebody else made for everybody to read.
    let installation = Installation::on("", "");
    let folder = installation.data_dir();
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join("gatherly.db"), "").unwrap();
    fs::set_permissions(folder.join("gatherly.db"), fs::Permissions::from_mode(0o644)).unwrap();
    for arguments in [&["migrate"][..], &CREATE] {
        let command = after("umask 000", &installation.command(arguments));
        let made = output(command, &format!("{PASSWORD}\n")).await;
        assert!(made.status.success(), "{made:?}");
    }
    let mut server = installation.serve_after("umask 000").await;
    let body = json!({"username": "boss", "password": PASSWORD});
    let tokens = server.client.post("/sessions", body).await.expect(201);
    let boss = server.client.with_token(tokens["access_token"].as_str().unwrap());
    let account = json!({
        "username": "ada", "email": "ada@example.org", "password": PASSWORD,
    });
    server.client.post("/accounts", account).await.expect(201);
    let bytes = async |path: &str, kind: &str, bytes: Vec<u8>| {
        boss.send_bytes(Method::POST, path, Some(kind), bytes.into()).await.expect(201)
    };
    bytes("/media", "application/octet-stream", picture()).await;
    bytes("/plugins?name=echo", "application/wasm", guest::configurable().to_vec()).await;
    boss.post("/plugin-bindings", json!({"plugin": "echo"})).await.expect(201);
    wait_for("a mail", async || folder.join("mail").is_dir()).await;
    let found = everything(&folder);
    let names: Vec<_> = found.iter().map(|path| path.strip_prefix(&folder).unwrap()).collect();
    for name in
        ["gatherly.db", "gatherly.db-wal", "gatherly.db-shm", "signing-keys", "mail", "media"]
    {
        assert!(names.contains(&Path::new(name)), "{name} is not in {names:?}");
    }
    let is_open = |path: &&PathBuf| {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        mode != if path.is_dir() { 0o700 } else { 0o600 }
    };
    let open: Vec<_> = found.iter().filter(is_open).collect();
    assert!(open.is_empty(), "{open:?}");
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}
