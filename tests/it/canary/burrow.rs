//! A forum where everything hidden carries a word of its own.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use crate::{
    hooks::guest,
    media,
    support::{Client, PASSWORD, Person, TestApp, forum, policy},
};

/// Those who keep order in the community, and who runs the site.
const STAFF: &[&str] = &["moderator", "admin"];
/// They, and who wrote it.
const AUTHOR: &[&str] = &["author", "moderator", "admin"];

/// Each word, and who may read it.
pub const MARKS: &[(&str, &[&str])] = &[
    // Waits for a moderator.
    ("zqheldpost", AUTHOR),
    ("zqheldcomment", AUTHOR),
    ("zqpendingpost", AUTHOR),
    ("zqpendingcomment", AUTHOR),
    // A moderator said no.
    ("zqremovedpost", AUTHOR),
    ("zqremovedcomment", AUTHOR),
    // Its author took it back: it is gone from the record of decisions, too, but
    // for what others answered.
    ("zqdeletedpost", STAFF),
    ("zqdeletedcomment", &[]),
    // Published, and some are banned from seeing it: it, its community, everything.
    ("zqbannedpost", &["anonymous", "stranger", "author", "elsewhere", "moderator", "admin"]),
    (
        "zqcommunity",
        &["anonymous", "stranger", "author", "elsewhere", "not_post", "moderator", "admin"],
    ),
    // Reasons of bans: who is banned, and who may ban there.
    ("zqreasonpost", &["author", "not_post", "moderator", "admin"]),
    ("zqreasoncommunity", &["not_community", "moderator", "admin"]),
    ("zqreasonsite", &["not_site", "admin"]),
    // Why a policy holds; what a policy in shadow says, which is its settings here.
    ("zqpolicy", AUTHOR),
    ("zqsettings", STAFF),
    // What one moderator tells the others.
    ("zqnote", STAFF),
    // Whom else one moderator tells.
    ("zqwebhook", STAFF),
    // What a job is done with.
    ("zqpayload", &[]),
    // An address.
    ("zqaddress", &["author"]),
];

/// The forum, its people, and the ids of everything, by what they are of.
pub struct Burrow {
    pub app: TestApp,
    people: BTreeMap<&'static str, Person>,
    ids: BTreeMap<&'static str, Vec<String>>,
    /// What is hidden from everybody but author and staff.
    waiting: Vec<(&'static str, String)>,
    /// The post that somebody is banned from.
    banned_post: String,
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

impl Burrow {
    pub async fn dig() -> Self {
        let app = TestApp::start().await;
        let mut people = BTreeMap::from([("admin", app.admin("chief").await)]);
        for name in ["stranger", "elsewhere", "moderator", "not_post", "not_community", "not_site"]
        {
            people.insert(name, app.member(&format!("as-{}", name.replace('_', "-"))).await);
        }
        app.member("rabbit").await;
        let author =
            json!({"username": "author", "email": "zqaddress@example.org", "password": PASSWORD});
        app.client.post("/accounts", author).await.expect(201);
        people.insert("author", app.sign_in("author").await);
        let mut burrow = Self {
            app,
            people,
            ids: BTreeMap::new(),
            waiting: Vec::new(),
            banned_post: String::new(),
        };
        burrow.found().await;
        let post = burrow.write().await;
        burrow.hold(&post).await;
        burrow.ban().await;
        burrow.list().await;
        burrow
    }

    pub fn of(&self, what: &str) -> Vec<String> {
        self.ids.get(what).unwrap_or_else(|| panic!("nothing of {what}")).clone()
    }

    pub fn client(&self, who: &str) -> Client {
        self.people.get(who).map_or(&self.app.client, |person| &person.client).clone()
    }

    pub fn everybody(&self) -> Vec<(&'static str, Client)> {
        let people = self.people.iter().map(|(who, person)| (*who, person.client.clone()));
        people.chain([("anonymous", self.app.client.clone())]).collect()
    }

    /// Who must not know that something is there: who, what it is of, its id.
    pub fn hidden(&self) -> Vec<(&'static str, &'static str, String)> {
        let mut hidden = Vec::new();
        for (of, id) in &self.waiting {
            for who in ["anonymous", "stranger", "elsewhere", "not_community", "not_site"] {
                hidden.push((who, *of, id.clone()));
            }
        }
        for who in ["not_post", "not_community", "not_site"] {
            hidden.push((who, "posts", self.banned_post.clone()));
        }
        for who in ["not_community", "not_site"] {
            hidden.push((who, "communities", "garden".to_owned()));
        }
        hidden
    }

    fn add(&mut self, of: &'static str, id: String) {
        self.ids.entry(of).or_default().push(id);
    }

    fn tick(&self) {
        self.app.advance(Duration::from_secs(1));
    }

    /// Communities, and policies at work.
    async fn found(&mut self) {
        let admin = self.people["admin"].clone();
        for (slug, moderator) in [("garden", "as-moderator"), ("orchard", "as-elsewhere")] {
            admin.post("/communities", json!({"slug": slug, "name": slug})).await.expect(201);
            let path = format!("/communities/{slug}/moderators/{moderator}");
            admin.put(&path, json!({})).await.expect(204);
            self.add("communities", slug.to_owned());
        }
        let enforced = policy::enforce_first_letter(&admin, "zqpolicy").await;
        let shadow = json!({"mode": "shadow", "settings": "zqsettings"});
        let shadow = policy::bind(&admin, "echo", guest::configurable().to_vec(), shadow).await;
        for binding in [enforced, shadow] {
            self.add("plugin-bindings", id(&binding));
            self.add("plugins", binding["plugin"].as_str().unwrap().to_owned());
            let digest = binding["digest"].as_str().unwrap().to_owned();
            let replay = admin.post("/replays", json!({"digest": digest})).await.expect(202);
            self.add("replays", id(&replay));
            let undo = json!({"binding_id": id(&binding)});
            self.add("undos", id(&admin.post("/undos", undo).await.expect(202)));
            self.add("versions", digest);
        }
    }

    async fn post(&mut self, body: &str, status: u16) -> String {
        self.tick();
        let title = format!("Title {body}");
        let post = json!({"community": "garden", "title": title, "body": body});
        let post = id(&self.people["author"].post("/posts", post).await.expect(status));
        self.add("posts", post.clone());
        post
    }

    async fn comment(&mut self, post: &str, body: &str, status: u16) -> String {
        self.tick();
        let path = format!("/posts/{post}/comments");
        let comment = json!({"body": body});
        let comment = id(&self.people["author"].post(&path, comment).await.expect(status));
        self.add("comments", comment.clone());
        comment
    }

    /// What is published, and what its author took back.
    async fn write(&mut self) -> String {
        let post = self.post("A zqcommunity", 201).await;
        // Whoever is called here is told, and will not be allowed to see it.
        self.comment(&post, "A zqcommunity @as-not-community @as-not-site", 201).await;
        self.banned_post = self.post("A zqbannedpost @as-not-post", 201).await;
        self.comment(&self.banned_post.clone(), "A zqbannedpost @as-not-site", 201).await;
        let author = self.people["author"].clone();
        let deleted = self.post("A zqdeletedpost @as-stranger", 201).await;
        self.comment(&deleted, "A zqdeletedpost @as-stranger", 201).await;
        self.app.settled().await;
        author.delete(&format!("/posts/{deleted}")).await.expect(204);
        self.waiting.push(("posts", deleted));
        let deleted = self.comment(&post, "A zqdeletedcomment @as-stranger", 201).await;
        self.app.settled().await;
        let path = format!("/posts/{post}/comments");
        let answer = json!({"body": "A zqcommunity", "parent_id": deleted});
        author.post(&path, answer).await.expect(201);
        author.delete(&format!("/comments/{deleted}")).await.expect(204);
        post
    }

    /// What waits, and what waited in vain.
    async fn hold(&mut self, post: &str) {
        let (author, moderator) = (self.people["author"].clone(), self.people["moderator"].clone());
        let removed_post = self.post("H zqremovedpost", 202).await;
        let removed_comment = self.comment(post, "H zqremovedcomment", 202).await;
        let items = moderator.get("/review-items").await.expect(200);
        for item in items["items"].as_array().unwrap() {
            let path = format!("/review-items/{}/resolutions", id(item));
            let no = json!({"resolution": "remove", "note": "zqnote"});
            moderator.post(&path, no).await.expect(201);
        }
        self.waiting.extend([("posts", removed_post), ("comments", removed_comment)]);
        let held_post = self.post("H zqheldpost", 202).await;
        let held_comment = self.comment(post, "H zqheldcomment", 202).await;
        self.waiting.extend([("posts", held_post), ("comments", held_comment)]);
        let comment = self.comment(post, "A zqcommunity", 201).await;
        for (path, body) in [
            (format!("/posts/{post}"), "H zqpendingpost"),
            (format!("/comments/{comment}"), "H zqpendingcomment"),
        ] {
            self.tick();
            author.patch(&path, json!({"body": body})).await.expect(202);
        }
    }

    /// Those who may not see.
    async fn ban(&mut self) {
        let admin = self.people["admin"].clone();
        let post = format!("/posts/{}/bans", self.banned_post);
        for (list, name, reason) in [
            (post.as_str(), "as-not-post", "zqreasonpost"),
            ("/communities/garden/bans", "as-not-community", "zqreasoncommunity"),
            ("/bans", "as-not-site", "zqreasonsite"),
        ] {
            let ban = json!({"username": name, "deeds": ["view"], "reason": reason});
            let ban = id(&admin.post(list, ban).await.expect(201));
            self.add("bans", ban);
        }
    }

    /// The ids that are in lists of the staff.
    async fn list(&mut self) {
        let admin = self.people["admin"].clone();
        let webhook = json!({
            "url": "https://zqwebhook.example.org/", "events": ["plugin.none"], "community": "garden",
        });
        admin.post("/webhooks", webhook).await.expect(201);
        let author = self.people["author"].clone();
        let unused = id(&media::upload(&self.app, &author, &media::picture()).await);
        let used = media::avatar(&self.app, &author).await;
        self.waiting.push(("media", unused.clone()));
        self.ids.insert("media", vec![unused, used]);
        let job = forum::add_late_job(&self.app, &"zqpayload").await;
        self.add("jobs", job);
        self.app.settled().await;
        for (of, path) in [
            ("decisions", "/decisions?limit=100"),
            ("review-items", "/review-items?limit=100"),
            ("review-items", "/review-items?limit=100&state=removed"),
        ] {
            let list = admin.get(path).await.expect(200);
            for item in list["items"].as_array().unwrap() {
                self.add(of, id(item));
                if of == "review-items" {
                    self.waiting.push((of, id(item)));
                }
            }
        }
        let people: Vec<Person> = self.people.values().cloned().collect();
        for person in people {
            self.add("accounts", person.name.clone());
            self.add("sessions", person.tokens["session_id"].as_str().unwrap().to_owned());
        }
    }
}
