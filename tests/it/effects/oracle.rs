//! The oracle of undo: after everything that a binding did is taken back, the forum is
//! as it would be had the binding been in shadow, over random histories. What an undo
//! counts by name as not taken back is left out of the comparison, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use gatherly::db::{Columns, Row, statement};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    campaigns::times,
    support::{Person, Reply, TestApp, forum::id, plugin, policy},
};

/// Histories, every day and in a campaign.
const HISTORIES: (usize, usize) = (60, 1_000);
/// What is done in one history.
const DEEDS: usize = 9;
/// Each deed has a time of its own, by which contents are told apart.
const STEP: Duration = Duration::from_millis(500);
/// Histories after which everybody signs in again: sessions end after ten minutes.
const SIGN_IN_EVERY: usize = 50;
/// Words that the binding under test (`x`) and another one (`y`) act on.
const WORDS: [&str; 14] = [
    "plain", "plain", "xreject", "xreject", "xhold", "xhold", "xswap", "xswap", "xlabel", "xlock",
    "xremove", "xwarn", "yhold", "yreject",
];

/// Reasons that leave all as it would have been in shadow.
const HARMLESS: [&str; 2] = ["others_decided", "edited_since"];

/// Numbers that only look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }
}

/// Something that somebody does. Contents are named by the deed that wrote them.
#[derive(Clone, Debug)]
enum Deed {
    Post { who: usize, body: String },
    Comment { who: usize, on: usize, body: String },
    Edit { what: usize, body: String },
    Delete { what: usize },
    Remove { what: usize },
}

/// One of the two forums.
struct Forum {
    app: TestApp,
    admin: Person,
    members: Vec<Person>,
    binding: Value,
    /// Path and author of what each deed wrote.
    written: BTreeMap<usize, (String, usize)>,
}

fn rules(name: &str) -> Value {
    let rule = |id: &str, action: &str, more: Value| {
        let word = format!("{name}{id}");
        let mut rule = json!({"id": id, "action": action, "when": {"words": [word]}});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    let told = json!({"message": "no"});
    let mut rules = vec![rule("reject", "reject", told.clone()), rule("hold", "hold", told)];
    if name == "x" {
        let effects = |effects: Value| json!({"effects": effects});
        let swap = json!([{"pattern": "xswap", "with": "swapped", "in": "body"}]);
        rules.extend([
            rule("swap", "modify", json!({"replace": swap})),
            rule("label", "annotate", effects(json!({"label": "noted", "report": "look"}))),
            rule("lock", "annotate", effects(json!({"lock": true, "mark": "spoiler"}))),
            rule("remove", "annotate", effects(json!({"remove": "not here"}))),
            rule("warn", "annotate", effects(json!({"warn": "careful"}))),
        ]);
    }
    json!({"rules": rules})
}

impl Forum {
    async fn start(mode: &str) -> Self {
        let app = TestApp::start().await;
        let admin = app.admin("boss").await;
        let mut members = Vec::new();
        for name in ["ada", "ben", "cleo"] {
            members.push(app.member(name).await);
        }
        let effects = ["label", "report", "lock", "mark", "remove", "warn"];
        let grants = json!({"modify": true, "effects": effects});
        let limits = json!({"effects_per_hour": 1000});
        let terms =
            json!({"mode": mode, "settings": rules("x"), "grants": grants, "limits": limits});
        let binding = policy::bind(&admin, "rule-x", plugin("automod"), terms).await;
        let terms = json!({"mode": "enforce", "settings": rules("y")});
        // The same program under another name, told apart by a section without a meaning.
        let other = [plugin("automod"), vec![0, 2, 1, b'y']].concat();
        policy::bind(&admin, "rule-y", other, terms).await;
        Self { app, admin, members, binding, written: BTreeMap::new() }
    }

    async fn sign_in(&mut self) {
        for person in self.members.iter_mut().chain([&mut self.admin]) {
            *person = self.app.sign_in(&person.name).await;
        }
    }

    async fn send(&self, deed: &Deed) -> Option<Reply> {
        let found = |what: &usize| self.written.get(what).cloned();
        Some(match deed {
            Deed::Post { who, body } => {
                let post = json!({"community": "general", "title": "A title", "body": body});
                self.members[*who].post("/posts", post).await
            }
            Deed::Comment { who, on, body } => {
                let (path, _) = found(on)?;
                let (post, parent) = match path.strip_prefix("/comments/") {
                    None => (path.clone(), None),
                    Some(parent) => {
                        let shown = self.admin.get(&path).await;
                        if shown.status == StatusCode::NOT_FOUND {
                            // Its author, or the author of its post, has deleted it.
                            return None;
                        }
                        let shown = shown.expect(200);
                        let post = shown["post_id"].as_str().unwrap();
                        (format!("/posts/{post}"), Some(parent.to_owned()))
                    }
                };
                let mut comment = json!({"body": body});
                if let Some(parent) = parent {
                    comment["parent_id"] = json!(parent);
                }
                self.members[*who].post(&format!("{post}/comments"), comment).await
            }
            Deed::Edit { what, body } => {
                let (path, author) = found(what)?;
                self.members[author].patch(&path, json!({"body": body})).await
            }
            Deed::Delete { what } => {
                let (path, author) = found(what)?;
                self.members[author].delete(&path).await
            }
            Deed::Remove { what } => {
                let (path, _) = found(what)?;
                self.admin.send(Method::POST, &format!("{path}/removal"), Some(json!({}))).await
            }
        })
    }

    /// Does a deed. Whether it came about, but for what policies say of it.
    async fn act(&mut self, number: usize, deed: &Deed) -> bool {
        self.app.advance(STEP);
        let Some(reply) = self.send(deed).await else { return false };
        self.app.settled().await;
        let status = reply.status.as_u16();
        assert!(status < 500, "{deed:?}: {}", reply.text());
        let (kind, who) = match deed {
            Deed::Post { who, .. } => ("posts", *who),
            Deed::Comment { who, .. } => ("comments", *who),
            _ => ("", 0),
        };
        if !kind.is_empty() && reply.status.is_success() {
            let path = format!("/{kind}/{}", id(&reply.json()));
            self.written.insert(number, (path, who));
        }
        reply.status.is_success() || status == 403 && reply.json()["code"] == "rejected_by_policy"
    }

    /// Everything that can be seen of what was written since a time, by that time.
    async fn state(&self, since: i64) -> BTreeMap<i64, Value> {
        const POSTS: &str = "
            select p.id, p.created_at, p.title, p.body, p.state, p.locked, p.marks, p.score,
                   p.comment_count as answers,
                   (select count(*) from review_items i
                    where i.target_id = p.id and i.state = 'open') as waiting,
                   (select count(*) from labels l where l.target_id = p.id) as labels,
                   (select e.body from revisions e
                    where e.content_id = p.id and e.state = 'pending') as pending
            from posts p where p.created_at >= ?";
        const COMMENTS: &str = "
            select p.id, p.created_at, '' as title, p.body, p.state, p.locked, p.marks, p.score,
                   p.reply_count as answers,
                   (select count(*) from review_items i
                    where i.target_id = p.id and i.state = 'open') as waiting,
                   (select count(*) from labels l where l.target_id = p.id) as labels,
                   (select e.body from revisions e
                    where e.content_id = p.id and e.state = 'pending') as pending
            from comments p where p.created_at >= ?";
        let mut state = BTreeMap::new();
        for sql in [POSTS, COMMENTS] {
            for row in self.app.app.db.all(statement(sql).bind(since)).await.unwrap() {
                state.insert(row.value("created_at").unwrap(), shown(&row));
            }
        }
        state
    }

    /// Posts, comments and strikes of each account.
    async fn accounts(&self) -> BTreeMap<String, [i64; 3]> {
        const ACCOUNTS: &str = "
            select username, post_count, comment_count, strikes from accounts where bot is null";
        let rows = self.app.app.db.all(statement(ACCOUNTS)).await.unwrap();
        let counts = |row: &Row| {
            ["post_count", "comment_count", "strikes"].map(|name| row.value(name).unwrap())
        };
        rows.iter().map(|row| (row.value("username").unwrap(), counts(row))).collect()
    }

    /// What has been added to each account since.
    async fn gained(&self, before: &BTreeMap<String, [i64; 3]>) -> BTreeMap<String, [i64; 3]> {
        let mut now = self.accounts().await;
        for (name, counts) in &mut now {
            let was = before.get(name).copied().unwrap_or_default();
            counts.iter_mut().zip(was).for_each(|(count, was)| *count -= was);
        }
        now
    }
}

/// What is compared of a post or a comment.
fn shown(row: &Row) -> Value {
    let text = |name| row.value::<Option<String>>(name).unwrap();
    let number = |name| row.value::<i64>(name).unwrap();
    let state = text("state");
    // What its author took back says nothing any more, whatever it said.
    let body = text("body").filter(|_| state.as_deref() != Some("deleted"));
    json!({
        "title": text("title"), "body": body, "state": state, "pending": text("pending"),
        "locked": number("locked"), "marks": number("marks"), "score": number("score"),
        "waiting": number("waiting"), "labels": number("labels"), "answers": number("answers"),
    })
}

fn deed(random: &mut Random, number: usize, known: &[usize]) -> Deed {
    let words: Vec<_> = (0..=random.below(2)).map(|_| WORDS[random.below(WORDS.len())]).collect();
    let (who, body) = (random.below(3), format!("{} {number}", words.join(" ")));
    let Some(what) = known.get(random.below(known.len().max(1))).copied() else {
        return Deed::Post { who, body };
    };
    match random.below(12) {
        0..3 => Deed::Post { who, body },
        3..6 => Deed::Comment { who, on: what, body },
        6..10 => Deed::Edit { what, body },
        10 => Deed::Delete { what },
        _ => Deed::Remove { what },
    }
}

/// When a content was written, by its id.
fn time_of(id: &str) -> i64 {
    let id: uuid::Uuid = id.parse().unwrap();
    i64::try_from(id.as_u128() >> 80).unwrap()
}

/// Takes back what the binding did since a time: what the batch says, and its items.
async fn undo(forum: &Forum, since: i64) -> (Value, Vec<Value>) {
    let from = gatherly::base::clock::Timestamp(since).to_string();
    let mut cause = json!({"binding_id": forum.binding["id"], "from": from, "dry_run": true});
    let preview = forum.admin.post("/undos", cause.clone()).await.expect(200);
    cause["dry_run"] = json!(false);
    let begun = forum.admin.post("/undos", cause).await.expect(202);
    forum.app.settled().await;
    let path = format!("/undos/{}?limit=100", id(&begun));
    let done = forum.admin.get(&path).await.expect(200);
    assert_eq!(done["state"], "done");
    for field in ["total", "undone", "kept", "not_undone", "items"] {
        assert_eq!(preview[field], done[field], "{field} of a preview: {preview}\n{done}");
    }
    let items = done["items"].as_array().unwrap().clone();
    (done, items)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_undo_all_is_as_if_the_binding_had_been_in_shadow() {
    let (mut enforced, mut shadowed) =
        (Forum::start("enforce").await, Forum::start("shadow").await);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for history in 0..times(HISTORIES) {
        for forum in [&enforced, &shadowed] {
            forum.app.advance(STEP);
        }
        if history % SIGN_IN_EVERY == 0 {
            enforced.sign_in().await;
            shadowed.sign_in().await;
        }
        let since = enforced.app.app.clock.now().0;
        assert_eq!(since, shadowed.app.app.clock.now().0);
        let before = (enforced.accounts().await, shadowed.accounts().await);
        let (mut story, mut known) = (Vec::new(), Vec::new());
        for number in history * DEEDS..(history + 1) * DEEDS {
            let deed = deed(&mut random, number, &known);
            // What cannot be done because of the binding is not tried without it.
            if enforced.act(number, &deed).await {
                shadowed.act(number, &deed).await;
            } else {
                shadowed.app.advance(STEP);
            }
            if enforced.written.contains_key(&number) {
                known.push(number);
            }
            story.push(deed);
        }
        for forum in [&enforced, &shadowed] {
            forum.app.advance(STEP);
        }
        let (done, items) = undo(&enforced, since).await;
        for (kind, count) in done["not_undone"].as_object().unwrap() {
            *seen.entry(kind.clone()).or_default() += count.as_u64().unwrap();
        }
        for undone in done["undone"].as_array().unwrap() {
            let kind = undone["kind"].as_str().unwrap().to_owned();
            *seen.entry(kind).or_default() += undone["count"].as_u64().unwrap();
        }
        let harmed: BTreeSet<i64> = items
            .iter()
            .filter(|item| item["state"] == "kept")
            .filter(|item| !HARMLESS.contains(&item["reason"].as_str().unwrap()))
            .map(|item| time_of(item["target_id"].as_str().unwrap()))
            .collect();
        let (mut ours, mut theirs) = (enforced.state(since).await, shadowed.state(since).await);
        for state in [&mut ours, &mut theirs] {
            state.retain(|time, _| !harmed.contains(time));
            if !harmed.is_empty() {
                for shown in state.values_mut() {
                    shown["answers"] = Value::Null;
                }
            }
        }
        for state in [&mut ours, &mut theirs] {
            // An item about a text that its author deleted has nothing to publish: the undo
            // of any hold settles it.
            for shown in state.values_mut().filter(|shown| shown["state"] == "deleted") {
                shown["waiting"] = Value::Null;
            }
        }
        assert_eq!(ours, theirs, "history {history}: {story:#?}\n{done:#}");
        let gained = (enforced.gained(&before.0).await, shadowed.gained(&before.1).await);
        if harmed.is_empty() {
            assert_eq!(gained.0, gained.1, "history {history}: {story:#?}\n{done:#}");
        }
    }
    println!("{seen:?}");
    for kind in ["hold", "reject", "modify", "label", "report", "lock", "remove", "warn"] {
        assert!(
            seen.get(kind).copied().unwrap_or_default() > 0,
            "no {kind} was taken back: {seen:?}"
        );
    }
}
