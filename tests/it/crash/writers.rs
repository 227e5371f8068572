//! People who write until the server is gone, and the ledger of what it told them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use gatherly::db::{Columns, Db, statement};
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD};

/// What may be found of something: one state once it was acknowledged, more
/// while a change is under way.
type Expected = BTreeMap<String, BTreeSet<String>>;

/// What the server has acknowledged.
pub struct Ledger {
    expected: Mutex<Expected>,
    /// Posts and comments that were published, as the API calls them.
    published: Mutex<Vec<String>>,
    thread: String,
}

/// Everything that is in a ledger, as it is found in the database.
const FOUND: &str = "
    select 'accounts/' || username as what, state from accounts
    union all select 'posts/' || lower(hex(id)), state from posts
    union all select 'comments/' || lower(hex(id)), state from comments
    union all select 'votes/' || lower(hex(v.content_id)) || '/' || a.username, '' || v.value
    from votes v join accounts a on a.id = v.account_id";

/// An id as the database shows it.
fn plain(id: &str) -> String {
    id.replace('-', "")
}

impl Ledger {
    pub fn new(thread: String) -> Self {
        let published = Mutex::new(vec![format!("posts/{thread}")]);
        Self { expected: Mutex::default(), published, thread }
    }

    /// Something is being asked for: afterwards it may be so, or still as before,
    /// which is one of these if nothing was acknowledged of it.
    fn may_be(&self, what: &str, state: &str, before: &[&str]) {
        let mut expected = self.expected.lock().unwrap();
        let states = expected.entry(what.to_owned());
        let before = || before.iter().map(|state| (*state).to_owned()).collect();
        states.or_insert_with(before).insert(state.to_owned());
    }

    /// Something was acknowledged: from now on it is so.
    fn is(&self, what: &str, state: &str) {
        let mut expected = self.expected.lock().unwrap();
        expected.insert(what.to_owned(), BTreeSet::from([state.to_owned()]));
    }

    fn any_published(&self, n: usize) -> String {
        let published = self.published.lock().unwrap();
        published[n * 7919 % published.len()].clone()
    }

    /// Compares with what is there.
    pub async fn check(&self, db: &Db) {
        let rows = db.all(statement(FOUND)).await.unwrap();
        let found: BTreeMap<String, String> = rows
            .iter()
            .map(|row| (row.value("what").unwrap(), row.value("state").unwrap()))
            .collect();
        for (what, states) in &*self.expected.lock().unwrap() {
            // No vote is a vote of 0.
            let default = if what.starts_with("votes/") { "0" } else { "nothing" };
            let state = found.get(what).map_or(default, String::as_str);
            assert!(states.contains(state), "{what} is {state}, acknowledged was {states:?}");
        }
    }

    /// How much of each kind was acknowledged.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (what, states) in &*self.expected.lock().unwrap() {
            let kind = what.split('/').next().unwrap();
            let state = states.first().unwrap();
            let kind = if kind == "comments" { format!("{kind} {state}") } else { kind.to_owned() };
            *counts.entry(kind).or_default() += 1;
        }
        counts
    }
}

/// An answer's status and body; none if the server is gone, or cannot say.
async fn send(
    client: &Client,
    (method, path): (Method, &str),
    body: Option<Value>,
) -> Option<(u16, Value)> {
    let reply = client.try_send(method, path, body).await?;
    let body = if reply.body.is_empty() { Value::Null } else { reply.json() };
    (reply.status != 503).then_some((reply.status.as_u16(), body))
}

/// None if the server is gone.
pub async fn sign_in(client: &Client, name: &str) -> Option<Client> {
    let body = json!({"username": name, "password": PASSWORD});
    let (status, tokens) = send(client, (Method::POST, "/sessions"), Some(body)).await?;
    assert_eq!(status, 201, "{tokens}");
    Some(client.with_token(tokens["access_token"].as_str().unwrap()))
}

/// Starts everybody who writes, until the server is gone. None if it is already.
pub async fn start(
    ledger: &Arc<Ledger>,
    client: &Client,
    round: usize,
) -> Option<Vec<impl Future<Output = ()> + use<>>> {
    // A token is good for minutes, and a campaign is longer.
    let boss = sign_in(client, "boss").await?;
    let name = format!("writer{round}");
    let account = json!({"username": name, "email": "w@example.org", "password": PASSWORD});
    let (status, answer) = send(client, (Method::POST, "/accounts"), Some(account)).await?;
    // Who asks again was heard the first time.
    assert!(status == 201 || answer["code"] == "username_taken", "{status}: {answer}");
    ledger.is(&format!("accounts/{name}"), "active");
    let writer = sign_in(client, &name).await?;
    let tasks = [
        (Deed::Join, client.clone(), String::new()),
        (Deed::Post, boss.clone(), "boss".to_owned()),
        (Deed::Comment, boss.clone(), "boss".to_owned()),
        (Deed::Comment, writer.clone(), name.clone()),
        (Deed::Vote, boss, "boss".to_owned()),
        (Deed::Vote, writer, name),
    ];
    let writers = tasks.into_iter().map(|(deed, client, name)| {
        let person = Writer { ledger: Arc::clone(ledger), client, name, round };
        async move { person.go_on(deed).await }
    });
    Some(writers.collect())
}

#[derive(Clone, Copy)]
enum Deed {
    Join,
    Post,
    Comment,
    Vote,
}

struct Writer {
    ledger: Arc<Ledger>,
    client: Client,
    name: String,
    round: usize,
}

impl Writer {
    /// Does it until there is no answer.
    async fn go_on(&self, deed: Deed) {
        for n in 0.. {
            let done = match deed {
                Deed::Join => self.join(n).await,
                Deed::Post => self.post(n).await,
                Deed::Comment => self.comment(n).await,
                Deed::Vote => self.vote(n).await,
            };
            if done.is_none() {
                break;
            }
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        send(&self.client, (method, path), body).await
    }

    async fn join(&self, n: usize) -> Option<()> {
        let name = format!("joiner{}-{n}", self.round);
        let body = json!({"username": name, "email": "j@example.org", "password": PASSWORD});
        let (status, body) = self.send(Method::POST, "/accounts", Some(body)).await?;
        assert_eq!(status, 201, "{body}");
        self.ledger.is(&format!("accounts/{name}"), "active");
        Some(())
    }

    async fn post(&self, n: usize) -> Option<()> {
        let body = json!({"community": "general", "title": "A post", "body": text(n)});
        let answer = self.send(Method::POST, "/posts", Some(body)).await?;
        self.written("posts", n, &answer);
        Some(())
    }

    async fn comment(&self, n: usize) -> Option<()> {
        let path = format!("/posts/{}/comments", self.ledger.thread);
        let answer = self.send(Method::POST, &path, Some(json!({"body": text(n)}))).await?;
        let id = self.written("comments", n, &answer);
        if n % 5 == 4
            && let Some(id) = id
        {
            let what = format!("comments/{}", plain(&id));
            self.ledger.may_be(&what, "deleted", &[]);
            let deleted = self.send(Method::DELETE, &format!("/comments/{id}"), None).await?;
            assert_eq!(deleted.0, 204, "{}", deleted.1);
            self.ledger.is(&what, "deleted");
        }
        Some(())
    }

    /// Notes what was answered to a text; its id if it is there.
    fn written(&self, kind: &str, n: usize, (status, body): &(u16, Value)) -> Option<String> {
        let state = match status {
            201 => "published",
            202 => "held",
            403 => {
                assert_eq!(body["code"], "rejected_by_policy", "{body}");
                return None;
            }
            _ => panic!("{status}: {body}"),
        };
        assert_eq!(state == "held", n % 3 == 1, "{} is {state}", text(n));
        let id = body["id"].as_str().unwrap().to_owned();
        self.ledger.is(&format!("{kind}/{}", plain(&id)), state);
        if state == "published" {
            self.ledger.published.lock().unwrap().push(format!("{kind}/{id}"));
        }
        Some(id)
    }

    async fn vote(&self, n: usize) -> Option<()> {
        let subject = self.ledger.any_published(n);
        let (_, id) = subject.split_once('/').unwrap();
        let what = format!("votes/{}/{}", plain(id), self.name);
        let value = [1, -1, 1, 0][n % 4];
        // An author's vote is in favour to begin with.
        self.ledger.may_be(&what, &value.to_string(), &["0", "1"]);
        let body = Some(json!({"value": value}));
        let (status, body) = self.send(Method::PUT, &format!("/{subject}/vote"), body).await?;
        match status {
            200 => self.ledger.is(&what, &value.to_string()),
            // Somebody took the comment back: the vote stays what it was.
            404 | 409 => {
                self.ledger.expected.lock().unwrap().remove(&what);
            }
            _ => panic!("{status}: {body}"),
        }
        Some(())
    }
}

/// Every third text is held, every third one refused.
fn text(n: usize) -> &'static str {
    ["A fine day.", "A holdword day.", "A rejectword day."][n % 3]
}
