//! How many statements a request takes, whatever the forum holds: the same with
//! a little data and with thirty times as much.

mod idle;
mod plans;

use std::{collections::BTreeMap, time::Duration};

use gatherly::{config::Config, routes};
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    media,
    support::{Client, Person, Spec, TestApp, forum, policy},
};

/// Most statements of a read, of a vote and of a comment that a plugin judges;
/// who is asking is one of them.
const READ: u64 = 2;
const VOTE: u64 = 4;
const COMMENT: u64 = 6;
/// Reads for those who keep order, which look first whether the asker does, and
/// take more: so many. This list may only become shorter.
const TAKE_MORE: &[(&str, u64)] = &[
    ("list_community_bans", 1),
    ("list_moderators", 1),
    ("list_post_bans", 1),
    ("list_review_items", 1),
    ("show_plugin_binding", 2),
    ("show_plugin_binding_stats", 1),
    ("show_replay", 1),
    ("show_review_item", 1),
];
/// How much more there is the second time.
const MORE: usize = 30;

struct Forum {
    app: TestApp,
    admin: Person,
    author: Person,
    /// What to ask for, by what it is of.
    ids: BTreeMap<&'static str, String>,
    grown: usize,
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

impl Forum {
    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let app = TestApp::start_with(change).await;
        let (admin, author) = (app.admin("boss").await, app.member("ada").await);
        let binding = policy::enforce_first_letter(&admin, "please wait").await;
        let ids = BTreeMap::from([
            ("communities", "general".to_owned()),
            ("accounts", "ada".to_owned()),
            ("plugins", "letters".to_owned()),
            ("versions", binding["digest"].as_str().unwrap().to_owned()),
            ("plugin-bindings", id(&binding)),
        ]);
        Self { app, admin, author, ids, grown: 0 }
    }

    /// Adds one of everything.
    async fn grow(&mut self) {
        self.grown += 1;
        let (n, author, admin) = (self.grown, &self.author, &self.admin);
        self.app.advance(Duration::from_secs(1));
        let reader = self.app.member(&format!("reader{n}")).await;
        let community = json!({"slug": format!("place{n}"), "name": "A place"});
        admin.post("/communities", community).await.expect(201);
        let moderator = format!("/communities/general/moderators/{}", reader.name);
        admin.put(&moderator, json!({})).await.expect(204);
        let post = json!({"community": "general", "title": "A word", "body": "A word"});
        let post = id(&author.post("/posts", post).await.expect(201));
        let comments = format!("/posts/{post}/comments");
        let mut parent = None;
        for _ in 0..3 {
            let body = json!({"body": "A word", "parent_id": parent});
            parent = Some(id(&reader.post(&comments, body).await.expect(201)));
        }
        let held = id(&author.post(&comments, json!({"body": "H"})).await.expect(202));
        let banned = self.app.member(&format!("banned{n}")).await.name;
        let mut bans = Vec::new();
        for list in ["/bans", "/communities/general/bans", &format!("/posts/{post}/bans")] {
            let ban = json!({
                "username": banned, "deeds": ["vote"], "remove_content": {"hours": 1},
            });
            bans.push(id(&admin.post(list, ban).await.expect(201)));
        }
        reader.put(&format!("/posts/{post}/vote"), json!({"value": 1})).await.expect(200);
        let off = json!({"plugin": "letters", "mode": "off"});
        let off = id(&admin.post("/plugin-bindings", off).await.expect(201));
        let undo = id(&admin.post("/undos", json!({"binding_id": off})).await.expect(202));
        let replay = json!({"digest": self.ids["versions"]});
        let replay = id(&admin.post("/replays", replay).await.expect(202));
        let job = forum::add_late_job(&self.app, &n).await;
        let media = id(&media::upload(&self.app, author, &media::picture()).await);
        let decisions = admin.get(&format!("/decisions?target={held}")).await.expect(200);
        let items = admin.get("/review-items").await.expect(200);
        // The first of each, which has the most around it in the end.
        for (of, id) in [
            ("posts", post),
            ("comments", parent.unwrap()),
            ("replays", replay),
            ("undos", undo),
            ("bans", bans.remove(0)),
            ("jobs", job),
            ("media", media),
            ("decisions", id(&decisions["items"][0])),
            ("review-items", id(&items["items"][0])),
        ] {
            self.ids.entry(of).or_insert(id);
        }
    }

    /// Every read that the specification has, with what its query can ask for:
    /// id and path.
    fn reads(&self) -> Vec<(String, String)> {
        let spec = Spec::parse(&routes::specification(&self.app.app));
        let mut paths = Vec::new();
        for operation in spec.operations() {
            // A stream has a limit of its own, and its statements come with time.
            if operation.method != Method::GET || operation.id == "stream_notifications" {
                continue;
            }
            let path = operation.path_with(|of, _| self.ids[of].clone());
            let is_search = operation.id == "search";
            let needed = if is_search { "?query=word&" } else { "?" };
            let mut queries = vec![needed.trim_end_matches(['?', '&']).to_owned()];
            for name in operation.parameters("query") {
                let values: &[&str] = match name.as_str() {
                    "sort" if operation.id == "list_comments" => &["thread", "new", "top"],
                    "sort" => &["hot", "new", "top"],
                    "kind" if is_search => &["post", "comment"],
                    "query" if !is_search => &["word"],
                    "community" => &["general"],
                    "author" => &["ada"],
                    "limit" => &["100"],
                    _ => &[],
                };
                queries.extend(values.iter().map(|value| format!("{needed}{name}={value}")));
            }
            let reads = queries.into_iter().map(|query| format!("{path}{query}"));
            paths.extend(reads.map(|path| (operation.id.clone(), path)));
        }
        paths
    }

    /// Statements of each read, by who asks.
    async fn count_reads(&self) -> BTreeMap<(String, String), u64> {
        let mut counts = BTreeMap::new();
        let people: [(&str, &Client); 3] = [
            ("anonymous", &self.app.client),
            ("member", &self.author.client),
            ("admin", &self.admin.client),
        ];
        for (id, path) in self.reads() {
            for (who, client) in people {
                // Some figures are kept for a time, and what everybody reads until
                // something is written.
                client.get(&path).await;
                self.author.patch("/me", json!({"bio": "Here."})).await.expect(200);
                let (_, count) = self.app.statements(client.get(&path)).await;
                counts.insert((id.clone(), format!("{path} as {who}")), count);
            }
        }
        counts
    }

    /// Statements of each write that has a bound.
    async fn count_writes(&self) -> BTreeMap<&'static str, u64> {
        let (post, comment) = (&self.ids["posts"], &self.ids["comments"]);
        let votes = [format!("/posts/{post}/vote"), format!("/comments/{comment}/vote")];
        let mut counts = BTreeMap::from([("vote", 0)]);
        for vote in &votes {
            // The first, the same again, the other, none.
            for value in [1, 1, -1, 0] {
                let back = json!({"value": i32::from(value != 1)});
                self.admin.put(vote, back).await.expect(200);
                let cast = self.admin.put(vote, json!({"value": value}));
                let count = self.app.statements(cast).await.1;
                counts.entry("vote").and_modify(|most: &mut u64| *most = count.max(*most));
            }
        }
        let body = json!({"body": "A word", "parent_id": comment});
        let path = format!("/posts/{post}/comments");
        let (reply, count) = self.app.statements(self.author.post(&path, body)).await;
        reply.expect(201);
        counts.insert("comment", count);
        counts
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_statements_does_not_grow() {
    let mut forum = Forum::start_with(|_| {}).await;
    forum.grow().await;
    let (reads, writes) = (forum.count_reads().await, forum.count_writes().await);
    for _ in 1..MORE {
        forum.grow().await;
    }
    let (more_reads, more_writes) = (forum.count_reads().await, forum.count_writes().await);
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    for (read @ (id, path), count) in &reads {
        assert_eq!(*count, more_reads[read], "{path}: statements with more data");
        most.entry(id).and_modify(|most| *most = (*most).max(*count)).or_insert(*count);
    }
    for (id, most) in &most {
        let more = TAKE_MORE.iter().find(|(listed, _)| listed == id).map_or(0, |(_, more)| *more);
        assert!(*most <= READ + more, "{id}: {most} statements");
        assert!(*most == READ + more || more == 0, "{id} takes only {most} now");
    }
    for (what, most) in [("vote", VOTE), ("comment", COMMENT)] {
        assert!(writes[what] <= most, "{what}: {}", writes[what]);
        assert_eq!(writes[what], more_writes[what], "{what}");
    }
    println!("{} reads of at most {READ}; {writes:?}", reads.len());
}
