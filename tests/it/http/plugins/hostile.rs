//! Every component of `plugins/hostile`, bound to a community where somebody
//! comments: an answer comes in time as the failure mode says, the fault is on
//! record, and the forum goes on.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{binding_path, hostile, upload};
use crate::{
    hooks::hostile::{FATES, Fate, grants},
    support::{Person, TestApp, forum::id},
};

/// What the chain of an event has here, and one call of processor time.
const DEADLINE: Duration = Duration::from_secs(1);
const CPU_MS: u32 = 300;
/// What the rest of a request may take, on a machine that runs other tests.
const SLACK: Duration = Duration::from_secs(1);
/// Status of a comment by the failure mode of the plugin that fails on it.
const MODES: [(&str, u16); 3] = [("hold", 202), ("open", 201), ("closed", 403)];

/// Servers that a plugin waits for.
struct Servers {
    silent: SocketAddr,
    dripping: SocketAddr,
    _serving: JoinSet<()>,
}

impl Servers {
    async fn start() -> Self {
        let mut serving = JoinSet::new();
        let [silent, dripping] = [listener().await, listener().await];
        let addresses = [&silent, &dripping].map(|listener| listener.local_addr().unwrap());
        serving.spawn(serve(silent, async |_| std::future::pending().await));
        serving.spawn(serve(dripping, async |mut stream| {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".as_slice();
            let asked = stream.read(&mut [0; 1_024]).await;
            assert!(asked.is_ok_and(|bytes| bytes > 0), "nothing was asked");
            let mut sent = stream.write_all(head).await;
            while sent.is_ok() {
                sleep(Duration::from_millis(20)).await;
                sent = stream.write_all(b"x").await;
            }
        }));
        Self { silent: addresses[0], dripping: addresses[1], _serving: serving }
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// One connection after another: there is one plugin that asks.
async fn serve(listener: TcpListener, answer: impl AsyncFn(TcpStream)) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::select! {
            () = answer(stream) => {}
            // The one before has given up when the next one comes.
            _ = listener.accept() => {}
        }
    }
}

struct Scene {
    app: TestApp,
    admin: Person,
    ada: Person,
    servers: Servers,
}

impl Scene {
    async fn start() -> Self {
        let servers = Servers::start().await;
        let allowed = [servers.silent, servers.dripping]
            .map(|address| format!("localhost:{}", address.port()));
        let app = TestApp::start_with(move |config| {
            config.plugins.deadline_ms = u32::try_from(DEADLINE.as_millis()).unwrap();
            config.plugins.cpu_ms = CPU_MS;
            config.outbound.allow = allowed.to_vec();
        })
        .await;
        let (admin, ada) = (app.admin("root").await, app.member("ada").await);
        Self { app, admin, ada, servers }
    }

    /// A community of its own with a post: what is bound there is not tried out
    /// on what others were asked before.
    async fn community(&self, slug: &str) -> Value {
        let community = json!({"slug": slug, "name": "A place"});
        self.admin.post("/communities", community).await.expect(201);
        let post = json!({"community": slug, "title": "A title", "body": "A body."});
        self.app.advance(Duration::from_millis(1));
        self.admin.post("/posts", post).await.expect(201)
    }

    /// Binds what was uploaded to a community.
    async fn bind(&self, name: &str, slug: &str, mode: &str) -> crate::support::Reply {
        let grants = grants(name);
        let body = json!({
            "plugin": name,
            "mode": "enforce",
            "scope": {"community": slug},
            "failure_mode": mode,
            "grants": {
                "state": grants.state,
                "text": grants.text,
                "modify": grants.modify,
                "http": if grants.http.is_empty() { json!([]) } else { json!(["localhost"]) },
                "http_in_decisions": grants.http_in_decisions,
            },
        });
        self.admin.post("/plugin-bindings", body).await
    }

    /// Comments where a plugin is bound; the status of the answer, which came in
    /// time.
    async fn comment(&self, post: &Value, text: &str) -> u16 {
        self.app.advance(Duration::from_millis(1));
        let start = Instant::now();
        let path = format!("/posts/{}/comments", id(post));
        let reply = self.ada.post(&path, json!({"body": text})).await;
        let took = start.elapsed();
        assert!(took < DEADLINE + SLACK, "{took:?}: {}", reply.text());
        reply.status.as_u16()
    }

    /// One component that was uploaded, in a community of its own.
    async fn meet(&self, name: &str, (mode, failed): (&str, u16), fate: Fate, text: &str) {
        let slug =
            format!("place-{}", gatherly::base::ids::new_uuid(self.app.app.clock.now()).simple());
        let post = self.community(&slug[..24]).await;
        let bound = self.bind(name, &slug[..24], mode).await;
        if let Fate::NotActivated(code) = fate {
            assert_eq!(bound.status.as_u16(), 422, "{name}: {}", bound.text());
            assert_eq!(bound.json()["errors"][0]["rule"], code.as_str(), "{name}");
            return;
        }
        let binding = bound.expect(201);
        let status = self.comment(&post, text).await;
        let path = format!("/decisions?binding={}", id(&binding));
        let decisions = self.admin.get(&path).await.expect(200);
        let [decision] = decisions["items"].as_array().unwrap().as_slice() else {
            panic!("{name}: one decision is on record: {decisions}")
        };
        let fault = &decision["staff"]["fault"];
        match fate {
            Fate::Fails(kind) => {
                assert_eq!(status, failed, "{name}, {mode}: {decision}");
                let late = ["cpu", "host-quota", "deadline"];
                let said = fault.as_str().unwrap_or_default();
                let is_late = late.contains(&kind.as_str()) && late.contains(&said);
                assert!(said == kind.as_str() || is_late, "{name}: {decision}");
            }
            Fate::Answers(answer) => {
                let expected = if answer == "allow" { 201 } else { 202 };
                assert_eq!((status, fault), (expected, &Value::Null), "{name}: {decision}");
            }
            Fate::NotInspected(_) | Fate::NotActivated(_) => unreachable!("{name} was refused"),
        }
        self.admin.delete(&binding_path(&binding)).await.expect(204);
        assert_eq!(self.comment(&post, text).await, 201, "after {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forum_goes_on_whatever_is_bound() {
    let scene = Scene::start().await;
    let texts = [scene.servers.silent, scene.servers.dripping]
        .map(|to| format!("http://localhost:{}/", to.port()));
    for (number, (name, fate)) in FATES.into_iter().enumerate() {
        let uploaded = upload(&scene.admin, &format!("/plugins?name={name}"), hostile(name)).await;
        if let Fate::NotInspected(code) = fate {
            uploaded.expect_invalid(&[("component", code.as_str())]);
            continue;
        }
        uploaded.expect(201);
        // Each server for who waits for one; each mode for one that breaks down.
        let texts = if name == "waits-for-http" { &texts[..] } else { &texts[..1] };
        for text in texts {
            scene.meet(name, MODES[number % MODES.len()], fate, text).await;
        }
        if name == "trap" {
            for mode in MODES {
                scene.meet(name, mode, fate, &texts[0]).await;
            }
        }
    }
    let modes =
        FATES.into_iter().enumerate().filter(|(_, (_, fate))| matches!(fate, Fate::Fails(_)));
    let met: std::collections::BTreeSet<usize> = modes.map(|(at, _)| at % MODES.len()).collect();
    assert_eq!(met.len(), MODES.len(), "each failure mode is met");
    scene.app.client.get("/posts").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn line_ends_of_a_plugin_reach_nobody() {
    let scene = Scene::start().await;
    let path = "/plugins?name=crlf-in-notice";
    upload(&scene.admin, path, hostile("crlf-in-notice")).await.expect(201);
    let post = scene.community("garden").await;
    let grants = json!({"effects": ["notify"]});
    let body = json!({"plugin": "crlf-in-notice", "mode": "enforce", "grants": grants});
    scene.admin.post("/plugin-bindings", body).await.expect(201);
    assert_eq!(scene.comment(&post, "A comment").await, 201);
    scene.app.settled().await;
    let told = scene.admin.get("/notifications").await.expect(200);
    let notices = told["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "notice");
    let texts: Vec<&str> = notices
        .flat_map(|item| item["values"].as_array().unwrap())
        .map(|value| value["value"].as_str().unwrap())
        .collect();
    assert!(texts.contains(&"a B: c"), "{told}");
    assert!(texts.iter().all(|text| !text.contains(['\r', '\n'])), "{told}");
}
