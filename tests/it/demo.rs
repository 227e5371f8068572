//! `gatherly serve --demo`, as somebody has it who has just come: the lines that
//! it prints are run as they stand, by a shell.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::support::{Client, Installation, PASSWORD};

/// Filling a forum takes a few seconds; machines that run all tests are slow.
const FILLED_WITHIN: Duration = Duration::from_mins(1);
/// The last words of the tour.
const END: &str = "/rollback";

/// A demo that runs, and what it has printed.
struct Demo {
    process: Child,
    client: Client,
    /// With `ADDRESS` for its own.
    said: String,
    address: String,
}

impl Demo {
    async fn start(installation: &Installation) -> Self {
        for _ in 0..3 {
            if let Some(demo) = Self::try_start(installation).await {
                return demo;
            }
        }
        panic!("no demo");
    }

    /// None if somebody else took the port in the meantime.
    async fn try_start(installation: &Installation) -> Option<Self> {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut process = installation
            .command(&["serve", "--demo"])
            .env("GATHERLY_SERVER__LISTEN", &address)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains(END) {
            let line = timeout(FILLED_WITHIN, lines.next_line()).await.expect("a tour").unwrap()?;
            said.extend([line.as_str(), "\n"]);
        }
        let client = Client::new(format!("http://{address}"));
        Some(Self { process, client, said: said.replace(&address, "ADDRESS"), address })
    }

    /// What each step of the tour answers when its lines are run.
    async fn take_tour(&self) -> Vec<String> {
        let said = self.said.replace("ADDRESS", &self.address);
        let lines = said.lines().filter_map(|line| {
            let is_title = line.starts_with(|first: char| first.is_ascii_digit());
            if is_title { Some("echo '=== next'") } else { line.strip_prefix("    ") }
        });
        let script = lines.collect::<Vec<_>>().join("\n");
        let output = Command::new("sh").args(["-ec", &script]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        let answers = String::from_utf8(output.stdout).unwrap();
        answers.split("=== next\n").skip(1).map(str::to_owned).collect()
    }

    /// Posts, and comments on them.
    async fn count(&self) -> (usize, i64) {
        let posts = self.client.get("/posts?sort=new&limit=100").await.expect(200);
        let posts = posts["items"].as_array().unwrap();
        (posts.len(), posts.iter().map(|post| post["comment_count"].as_i64().unwrap()).sum())
    }

    async fn stop(mut self) {
        let id = i32::try_from(self.process.id().expect("a process")).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        let status = self.process.wait().await.unwrap();
        assert!(status.success(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_works_as_printed() {
    let installation = Installation::new("server.metrics_listen = \"\"\nlog.filter = \"error\"");
    let demo = Demo::start(&installation).await;
    let before = demo.count().await;
    // All but two comments, which the policy holds.
    assert_eq!(before, (50, 164));
    let file = fs::metadata(installation.data_dir().join("demo-password")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    let answers = demo.take_tour().await;
    let [signed_in, held, decision, swapped, rejected, compared] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    assert_eq!(signed_in, "");
    assert!(held.ends_with("\n202\n") && held.contains(r#""state":"held""#), "{held}");
    assert!(decision.contains(r#""verdict":"hold""#), "{decision}");
    assert!(decision.contains(r#""rule":"free-money""#), "{decision}");
    assert!(swapped.contains(r#""revision":2"#), "{swapped}");
    assert!(rejected.ends_with("\n403\n"), "{rejected}");
    assert!(rejected.contains("rejected_by_policy") && rejected.contains("Nothing is free here."));
    assert!(compared.contains(r#""verdict":"reject""#) && compared.contains(r#""verdict":"hold""#));
    let settings: Vec<&str> =
        compared.lines().filter(|line| line.starts_with(r#""settings_hash""#)).collect();
    assert!(matches!(settings[..], [new, old] if new != old), "{compared}");
    assert!(compared.contains(r#""revision":3"#), "{compared}");

    // Another start adds nothing and says the same again.
    let said = demo.said.clone();
    demo.stop().await;
    let demo = Demo::start(&installation).await;
    assert_eq!(demo.said, said);
    assert_eq!(demo.count().await, before);
    demo.stop().await;
}

#[tokio::test]
async fn other_forums_are_left_alone() {
    let installation = Installation::new("server.listen = \"127.0.0.1:0\"");
    let create = ["admin", "create", "ada", "--email", "ada@example.org"];
    let created = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert!(created.status.success(), "{created:?}");
    let refused = installation.run(&["serve", "--demo"], "").await;
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("--demo fills empty forums only"), "{words}");
    assert!(!installation.data_dir().join("demo-password").exists());
}
