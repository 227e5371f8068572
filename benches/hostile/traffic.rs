//! Who uses the forum.
//!
//! Everybody comes at a fixed rate, whether or not those before have been
//! answered: what is late makes the next ones late, and that counts.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};

use crate::child;

/// What the program is started with to be the traffic.
pub(super) const COMMAND: &str = "traffic";
/// Requests of others a second: a fraction of what two cores can answer, so that
/// what is measured is how long one takes and not how many wait.
pub(super) const OTHERS: u32 = 200;
/// Comments a second where a hostile plugin is bound: sixty times what the
/// default limits let one account write.
pub(super) const HOSTILE: u32 = 10;
/// How long one sample lasts.
const LENGTH: Duration = Duration::from_secs(2);
/// Connections of each kind: more than are ever needed at once.
const CONNECTIONS: usize = 16;

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) body: String,
    pub(super) token: Option<String>,
}

/// Who comes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Traffic {
    /// In turns.
    pub(super) others: Vec<Asked>,
    /// In turns; nobody when there is nothing.
    pub(super) hostile: Vec<Asked>,
    /// The turn to go on from.
    pub(super) first: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Microseconds until others had their answers.
    pub(super) others: Vec<u64>,
    /// The same where the plugin is.
    pub(super) hostile: Vec<u64>,
    /// Answers of 500 and above, to anybody.
    pub(super) errors: usize,
    /// Answers to others that were no success.
    pub(super) refused: usize,
}

/// Lets a child be the traffic.
pub(super) async fn start(traffic: &Traffic) -> Seen {
    child::ask(COMMAND, traffic).await
}

/// The child's work.
pub(super) fn run() {
    child::answer(async |traffic: Traffic| come(&traffic).await);
}

async fn come(traffic: &Traffic) -> Seen {
    let others = at_rate(&traffic.others, OTHERS, traffic.first);
    let hostile = at_rate(&traffic.hostile, HOSTILE, traffic.first);
    let (others, hostile) = join(others, hostile).await;
    let times = |answers: &[Answer]| answers.iter().map(|answer| answer.took).collect();
    let failed = |answer: &&Answer| answer.status >= 500;
    Seen {
        errors: others.iter().chain(&hostile).filter(failed).count(),
        refused: others.iter().filter(|answer| answer.status >= 300).count(),
        others: times(&others),
        hostile: times(&hostile),
    }
}

struct Answer {
    /// Microseconds.
    took: u64,
    status: u16,
}

/// Asks so often a second.
async fn at_rate(asked: &[Asked], rate: u32, first: usize) -> Vec<Answer> {
    if asked.is_empty() {
        return Vec::new();
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (turn, start) = (AtomicUsize::new(0), Instant::now());
    let connections = (0..CONNECTIONS).map(|_| async {
        let mut answers = Vec::new();
        loop {
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            let due = Duration::from_secs(1) * u32::try_from(turn).unwrap_or(u32::MAX) / rate;
            if due >= LENGTH {
                return answers;
            }
            let due = start + due;
            // Who is early waits, and a clock that wakes them late is not the
            // server's; who is late has waited for the server.
            let begun = if Instant::now() < due {
                tokio::time::sleep_until(due.into()).await;
                Instant::now()
            } else {
                due
            };
            let status = send(&client, &asked[(first + turn) % asked.len()]).await;
            let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            answers.push(Answer { took, status });
        }
    });
    join_all(connections).await.into_iter().flatten().collect()
}

async fn send(client: &Client<HttpConnector, Full<Bytes>>, asked: &Asked) -> u16 {
    let method: Method = asked.method.parse().expect("a method");
    let mut request = Request::builder().method(method).uri(&asked.url);
    if !asked.body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    if let Some(token) = &asked.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Full::new(asked.body.clone().into())).expect("a request");
    let response = client.request(request).await.expect("an answer");
    let status = response.status().as_u16();
    response.into_body().collect().await.expect("a whole answer");
    status
}
