//! `gatherly serve --demo`, as somebody has it who has just come: the lines that
//! it prints are run as they stand, by a shell.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, process::Stdio, time::Duration};

use gatherly::base::secret::random_bytes;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{
    campaigns::times,
    support::{Client, Installation, PASSWORD, hearing_signals},
};

/// Filling a forum takes a few seconds; machines that run all tests are slow.
const FILLED_WITHIN: Duration = Duration::from_mins(3);
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
        let posts = self.posts().await;
        (posts.len(), posts.iter().map(|post| post["comment_count"].as_i64().unwrap()).sum())
    }

    async fn posts(&self) -> Vec<Value> {
        let posts = self.client.get("/posts?sort=new&limit=100").await.expect(200);
        posts["items"].as_array().unwrap().clone()
    }

    /// What is the same in every demo forum, however often its filling was interrupted.
    async fn story(&self) -> Vec<Value> {
        let told = |post: &Value| {
            let told = ["title", "author", "community", "ups", "downs", "comment_count", "state"];
            told.iter().map(|name| post[name].clone()).collect()
        };
        let mut story: Vec<Value> = self.posts().await.iter().map(told).collect();
        for kind in ["accounts", "communities"] {
            let listed = self.client.get(&format!("/{kind}?limit=100")).await.expect(200);
            for item in listed["items"].as_array().unwrap() {
                let told = ["username", "slug", "bio", "post_count", "member_count", "score"];
                story.push(told.iter().map(|name| item[name].clone()).collect());
            }
        }
        story
    }

    async fn stop(mut self) {
        let id = i32::try_from(self.process.id().expect("a process")).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        let status = self.process.wait().await.unwrap();
        assert!(status.success(), "{status}");
    }
}

/// Starts a demo and ends it by a signal at a moment: once it has said something, or after
/// a time. Whatever it has said until then.
async fn interrupted(installation: &Installation, at: At, signal: Signal) -> Vec<String> {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut process = hearing_signals(&installation.command(&["serve", "--demo"]))
        .env("GATHERLY_SERVER__LISTEN", &address)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    let listen = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            said.push(line.clone());
            if matches!(at, At::Said(words) if line.contains(words)) {
                return;
            }
        }
    };
    match at {
        At::Said(words) => {
            timeout(FILLED_WITHIN, listen).await.unwrap_or_else(|_| panic!("{words}"));
        }
        At::After(time) => {
            let _ = timeout(time, listen).await;
        }
    }
    let id = i32::try_from(process.id().expect("a process")).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    let status = timeout(FILLED_WITHIN, process.wait()).await.expect("an end").unwrap();
    // A signal that it hears is no failure.
    assert_eq!(status.success(), signal != Signal::KILL, "{status}: {said:?}");
    said
}

/// When a demo is interrupted.
#[derive(Clone, Copy, Debug)]
enum At {
    Said(&'static str),
    After(Duration),
}

const QUIET: &str = "server.metrics_listen = \"\"\nlog.filter = \"error\"";
/// Moments at which it is interrupted: every day, and in a campaign.
const MOMENTS: (usize, usize) = (2, 20);
/// Moments are within this time, in which a demo is filled.
const FILLING: Duration = Duration::from_secs(12);

/// Ctrl-C, a crash, and a machine that is switched off: the same command goes on, to the
/// same forum.
#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_was_interrupted_goes_on_at_the_next_start() {
    let whole = Installation::new(QUIET);
    let demo = Demo::start(&whole).await;
    let story = demo.story().await;
    demo.stop().await;

    let installation = Installation::new(QUIET);
    let stops = [
        ("Creating a demo forum", Signal::KILL),
        ("Compiling the policy", Signal::KILL),
        ("Compiling the policy", Signal::INT),
        ("0 of 50 posts", Signal::INT),
        ("10 of 50 posts", Signal::KILL),
        ("30 of 50 posts", Signal::HUP),
        ("40 of 50 posts", Signal::KILL),
    ];
    for (words, signal) in stops {
        let said = interrupted(&installation, At::Said(words), signal).await;
        assert!(said.len() < 12, "{said:?}");
    }
    let demo = Demo::start(&installation).await;
    assert_eq!(demo.story().await, story);
    assert!(!installation.data_dir().join("demo-unfinished").exists());
    demo.stop().await;

    let installation = Installation::new(QUIET);
    for _ in 0..times(MOMENTS) {
        let part = f64::from(u16::from_le_bytes(random_bytes::<2>().unwrap())) / 65_536.0;
        let (moment, signal) = (FILLING.mul_f64(part * part), Signal::KILL);
        if installation.data_dir().join("demo-password").exists() {
            // It was filled: another one.
            fs::remove_dir_all(installation.data_dir()).unwrap();
        }
        println!("killed after {moment:?}");
        interrupted(&installation, At::After(moment), signal).await;
    }
    let demo = Demo::start(&installation).await;
    assert_eq!(demo.story().await, story);
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_tells_what_it_does_while_it_is_filled() {
    let installation = Installation::new(QUIET);
    let said = interrupted(&installation, At::Said("40 of 50 posts"), Signal::INT).await;
    let words = [
        "Creating a demo forum in ",
        "Compiling the policy",
        "Filling the forum: 0 of 50 posts",
        "Filling the forum: 10 of 50 posts",
        "Filling the forum: 20 of 50 posts",
        "Filling the forum: 30 of 50 posts",
        "Filling the forum: 40 of 50 posts",
    ];
    assert_eq!(said.len(), words.len(), "{said:?}");
    assert!(said.iter().zip(words).all(|(line, words)| line.contains(words)), "{said:?}");
}

/// A machine on which the policy cannot be compiled: the newcomer reads a sentence, and has
/// lost nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_demo_whose_policy_cannot_be_compiled_says_so_and_goes_on_later() {
    let installation = Installation::new(QUIET);
    let mut process = hearing_signals(&installation.command(&["serve", "--demo"]))
        .env("GATHERLY_SERVER__LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = process.id().expect("a process");
    let mut errors = process.stderr.take().unwrap();
    // Its compilers are its only children; none of them lives long.
    let kill_compilers = async {
        loop {
            for task in fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten() {
                let children = fs::read_to_string(task.path().join("children"));
                for child in children.unwrap_or_default().split_whitespace() {
                    let _ =
                        kill_process(Pid::from_raw(child.parse().unwrap()).unwrap(), Signal::KILL);
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    let status = tokio::select! {
        () = kill_compilers => unreachable!(),
        status = timeout(FILLED_WITHIN, process.wait()) => status.expect("an end").unwrap(),
    };
    assert_eq!(status.code(), Some(1));
    let mut said = String::new();
    errors.read_to_string(&mut said).await.unwrap();
    for words in [
        "the demo is not complete; the same command goes on where it stopped",
        "the policy could not be compiled: end other work of this machine, and try again",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains("FieldError"), "{said}");
    let demo = Demo::start(&installation).await;
    assert_eq!(demo.count().await, (50, 164));
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_works_as_printed() {
    let installation = Installation::new(QUIET);
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
