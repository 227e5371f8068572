//! The load: as fast as it is answered.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};

use crate::child;

/// What the program is started with to be the load.
pub(super) const COMMAND: &str = "load";
/// Requests at once, each on a connection that stays open.
pub(super) const CONNECTIONS: usize = 8;
/// How long one sample lasts.
pub(super) const LENGTH: Duration = Duration::from_millis(700);

/// What is asked, again and again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) method: String,
    pub(super) base: String,
    /// In turns.
    pub(super) paths: Vec<String>,
    /// In turns, each for a whole round of the paths; empty for none.
    pub(super) bodies: Vec<String>,
    /// The turn to go on from.
    pub(super) first: usize,
    pub(super) token: Option<String>,
    /// What every answer must be.
    pub(super) status: u16,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Load {
    pub(super) requests: usize,
    pub(super) seconds: f64,
}

/// Lets a child do the job.
pub(super) async fn start(job: &Job) -> Load {
    child::ask(COMMAND, job).await
}

/// The child's work.
pub(super) fn run() {
    child::answer(async |job: Job| work(&job).await);
}

/// The body of one answer.
pub(super) async fn get(url: &str) -> Bytes {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.get(url.parse().expect("an address")).await.expect("an answer");
    response.into_body().collect().await.expect("a whole answer").to_bytes()
}

async fn work(job: &Job) -> Load {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (turn, start) = (AtomicUsize::new(job.first), Instant::now());
    let connections = (0..CONNECTIONS).map(|_| async {
        while start.elapsed() < LENGTH {
            send(&client, job, turn.fetch_add(1, Ordering::Relaxed)).await;
        }
    });
    futures_util::future::join_all(connections).await;
    Load { requests: turn.into_inner() - job.first, seconds: start.elapsed().as_secs_f64() }
}

async fn send(client: &Client<HttpConnector, Full<Bytes>>, job: &Job, turn: usize) {
    let path = &job.paths[turn % job.paths.len()];
    let body = match job.bodies.len() {
        0 => String::new(),
        bodies => job.bodies[turn / job.paths.len() % bodies].clone(),
    };
    let method: Method = job.method.parse().expect("a method");
    let mut request = Request::builder().method(method).uri(format!("{}{path}", job.base));
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    if let Some(token) = &job.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Full::new(body.into())).expect("a request");
    let response = client.request(request).await.expect("an answer");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
    assert_eq!(status, job.status, "{path}: {}", String::from_utf8_lossy(&body));
}
