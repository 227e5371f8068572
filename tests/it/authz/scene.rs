//! Where the matrix is played: a community with its people, and new things to
//! act on for every question.

use std::collections::BTreeMap;

use hyper::{Method, body::Bytes};
use serde_json::{Value, json};

use crate::{
    hooks::guest,
    media,
    support::{Client, Operation, PASSWORD, Person, Reply, Spec, TestApp, forum, policy},
};

/// A server, and somebody of every role.
pub struct Scene {
    pub app: TestApp,
    people: BTreeMap<&'static str, Person>,
    digest: String,
    /// How often was asked: what is new gets a name from it.
    asked: usize,
}

/// What a question is about.
struct Things {
    post: String,
    comment: String,
    /// Whom things are done to.
    victim: Person,
    other: BTreeMap<&'static str, String>,
}

/// A request that is still to be sent.
pub struct Question {
    pub client: Client,
    pub path: String,
    id: String,
    method: Method,
    body: Option<Value>,
}

impl Question {
    pub async fn send(self) -> Reply {
        let Self { client, path, id, method, body } = self;
        match id.as_str() {
            "upload_plugin" => upload(&client, &path).await,
            "upload_media" => media::try_upload(&client, &media::picture()).await,
            _ => client.send(method, &path, body).await,
        }
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

impl Scene {
    pub async fn start() -> Self {
        let app = TestApp::start().await;
        let admin = app.admin("as-admin").await;
        for slug in ["garden", "orchard"] {
            admin.post("/communities", json!({"slug": slug, "name": slug})).await.expect(201);
        }
        let mut people = BTreeMap::new();
        for name in ["stranger", "author", "unseeing", "muted", "moderator", "elsewhere", "owner"] {
            people.insert(name, app.member(&format!("as-{name}")).await);
        }
        admin.put("/communities/orchard/moderators/as-elsewhere", json!({})).await.expect(204);
        for (name, deed) in [("unseeing", "view"), ("muted", "comment")] {
            let ban = json!({"username": format!("as-{name}"), "deeds": [deed]});
            admin.post("/communities/garden/bans", ban).await.expect(201);
        }
        let binding = policy::enforce_first_letter(&admin, "please wait").await;
        let digest = binding["digest"].as_str().unwrap().to_owned();
        people.insert("admin", admin);
        Self { app, people, digest, asked: 0 }
    }

    pub fn admin(&self) -> &Person {
        &self.people["admin"]
    }

    /// Asks for an operation as a role, with things that nobody has touched.
    pub async fn ask(
        &mut self,
        spec: &Spec,
        operation: &Operation,
        case: &str,
        role: &str,
    ) -> Reply {
        self.question(spec, operation, case, role).await.send().await
    }

    /// Prepares a request for an operation as a role, with things that nobody has touched.
    pub async fn question(
        &mut self,
        spec: &Spec,
        operation: &Operation,
        case: &str,
        role: &str,
    ) -> Question {
        self.asked += 1;
        self.app.advance(std::time::Duration::from_millis(1));
        let moderator = "/communities/garden/moderators/as-moderator";
        self.admin().put(moderator, json!({})).await.expect(204);
        let mut things = self.things(operation, case).await;
        let asker = self.asker(operation, case, role).await;
        if let Some(media) = self.picture((operation, case), asker.as_ref()).await {
            things.other.insert("media", media);
        }
        let session = match &asker {
            Some(person) if case != "of_another" => &person.tokens["session_id"],
            _ => &things.victim.tokens["session_id"],
        };
        let path = operation.path_with(|of, _| match of {
            "communities" => "garden".to_owned(),
            "accounts" | "moderators" => things.victim.name.clone(),
            "plugins" => "letters".to_owned(),
            "versions" => self.digest.clone(),
            "posts" => things.post.clone(),
            "comments" => things.comment.clone(),
            "sessions" => session.as_str().unwrap().to_owned(),
            "labels" => "a-label".to_owned(),
            of => things.other[of].clone(),
        });
        let nobody = self.app.client.clone();
        let client = asker.map_or(nobody, |person| person.client.clone());
        let path = if operation.id == "search" { format!("{path}?query=word") } else { path };
        let body = self.body(spec, operation, case, &things);
        Question { client, id: operation.id.clone(), method: operation.method.clone(), path, body }
    }

    /// Who asks. What ends sessions or accounts is asked by a new one of the role.
    async fn asker(&self, operation: &Operation, case: &str, role: &str) -> Option<Person> {
        let person = self.people.get(role)?;
        let id = operation.id.as_str();
        if matches!(id, "close_me" | "change_password") && case.is_empty() {
            let name = format!("leaving{}", self.asked);
            let leaving = if role == "admin" {
                self.app.admin(&name).await
            } else {
                self.app.member(&name).await
            };
            return Some(leaving);
        }
        if id == "create_appeal" && case == "own" {
            return Some(self.app.sign_in(&format!("warned{}", self.asked)).await);
        }
        Some(if matches!(id, "sign_out" | "end_session") {
            self.app.sign_in(&person.name).await
        } else {
            person.clone()
        })
    }

    /// New things for a question.
    async fn things(&self, operation: &Operation, case: &str) -> Things {
        let (author, admin) = (&self.people["author"], self.admin());
        // What begins with H is held.
        let (held, status) = if case == "held" { ("H", 202) } else { ("A", 201) };
        let is_comment = operation.path.contains("/comments/");
        let (post_body, post_status) = if is_comment { ("A", 201) } else { (held, status) };
        let post = json!({"community": "garden", "title": "A word", "body": post_body});
        let post = id(&author.post("/posts", post).await.expect(post_status));
        let mut comment = String::new();
        if is_comment {
            let path = format!("/posts/{post}/comments");
            comment = id(&author.post(&path, json!({"body": held})).await.expect(status));
        }
        let name = if needs_victim(operation, case) {
            self.app.member(&format!("victim{}", self.asked)).await.name
        } else {
            self.people["stranger"].name.clone()
        };
        let victim = Person { name, ..self.people["stranger"].clone() };
        let mut things = Things { post, comment, victim, other: BTreeMap::new() };
        self.add_others((operation, case), &mut things, (author, admin)).await;
        if operation.id == "release_name" {
            things.other.insert("closed", self.closed().await);
        }
        self.add_codes((operation.path.trim_start_matches("/api/v1"), case), &mut things).await;
        if case == "of_another" || operation.id == "refresh_session" {
            things.victim = self.app.sign_in("as-owner").await;
        }
        things
    }

    /// The picture that an operation is about: the author's to be seen, and one's
    /// own, or another's, to be used.
    async fn picture(
        &self,
        (operation, case): (&Operation, &str),
        asker: Option<&Person>,
    ) -> Option<String> {
        let owner = match (operation.id.as_str(), case) {
            ("get_media", "used") => {
                return Some(media::avatar(&self.app, &self.people["author"]).await);
            }
            ("get_media", _) => &self.people["author"],
            ("set_avatar", "") => asker.unwrap_or(&self.people["owner"]),
            ("set_avatar", _) => &self.people["owner"],
            _ => return None,
        };
        Some(id(&media::upload(&self.app, owner, &media::picture()).await))
    }

    /// Codes from mails.
    async fn add_codes(&self, (path, case): (&str, &str), things: &mut Things) {
        things.other.insert("digest-unsubscriptions", "no-code".to_owned());
        let resets = path.starts_with("/password-resets/");
        if !path.starts_with("/email-verifications/") && !resets {
            return;
        }
        let name = format!("mailed{}", self.asked);
        let address = format!("{name}@example.org");
        self.app.member(&name).await;
        let mut code = self.app.mail(&address, "Confirm").await.code();
        if resets {
            self.app.verify(&address).await;
            code = self.app.reset_code(&address).await;
        }
        let code = if case == "unknown" { format!("x{code}") } else { code };
        things.other.insert("email-verifications", code.clone());
        things.other.insert("password-resets", code);
    }

    /// The name of somebody who has left.
    async fn closed(&self) -> String {
        let leaving = self.app.member(&format!("left{}", self.asked)).await;
        let password = json!({"password": PASSWORD});
        leaving.send(Method::DELETE, "/me", Some(password)).await.expect(204);
        leaving.name
    }

    /// A bio and an avatar that can be removed, or that are removed.
    async fn add_profile(&self, operation: &Operation, name: &str) {
        let person = self.app.sign_in(name).await;
        person.patch("/me", json!({"bio": "A word."})).await.expect(200);
        media::avatar(&self.app, &person).await;
        if operation.id.starts_with("restore_") {
            let path = operation.path_with(|_, _| name.to_owned());
            self.admin().post(&path, json!({"reason": "No."})).await.expect(204);
        }
    }

    /// A warning of somebody, and perhaps an appeal against it.
    async fn add_warnings(
        &self,
        (operation, path): (&Operation, &str),
        things: &mut Things,
        admin: &Person,
    ) {
        let is_about_warnings = path.starts_with("/warnings/")
            || path.starts_with("/appeals") && operation.method == Method::POST;
        if is_about_warnings {
            let warned = self.app.member(&format!("warned{}", self.asked)).await;
            let warning = json!({"username": warned.name, "community": "garden", "reason": "No."});
            // Nobody decides an appeal against their own act.
            let warner = self.app.admin(&format!("warner{}", self.asked)).await;
            let by = if path.starts_with("/appeals/") { &warner } else { admin };
            let warning = id(&by.post("/warnings", warning).await.expect(201));
            if path.starts_with("/appeals/") {
                let appeal = json!({"against": "warning", "id": warning, "text": "But."});
                let appeal = id(&warned.post("/appeals", appeal).await.expect(201));
                things.other.insert("appeals", appeal);
            }
            things.other.insert("warnings", warning);
        }
    }

    /// What only some operations are about.
    async fn add_others(
        &self,
        (operation, case): (&Operation, &str),
        things: &mut Things,
        (author, admin): (&Person, &Person),
    ) {
        let path = operation.path.trim_start_matches("/api/v1");
        if let Some((list, _)) = path.split_once("/bans/") {
            let list = list.replace("{slug}", "garden").replace("{id}", &things.post);
            let ban = vote_ban(&things.victim.name);
            let ban = admin.post(&format!("{list}/bans"), ban).await.expect(201);
            things.other.insert("bans", id(&ban));
        }
        if operation.id == "dismiss_moderator" {
            let path = format!("/communities/garden/moderators/{}", things.victim.name);
            admin.put(&path, json!({})).await.expect(204);
        }
        if path.starts_with("/accounts/") && path.ends_with("/removal") {
            self.add_profile(operation, &things.victim.name).await;
        } else if operation.id.starts_with("restore_") {
            let content = path.replace(
                "{id}",
                if things.comment.is_empty() { &things.post } else { &things.comment },
            );
            admin.post(&content, json!({})).await.expect(201);
        }
        self.add_warnings((operation, path), things, admin).await;
        if path.starts_with("/plugin-bindings/") {
            let body = json!({"plugin": "letters", "mode": "off"});
            let binding = id(&admin.post("/plugin-bindings", body).await.expect(201));
            let mode = if operation.id == "promote_plugin_binding" { "shadow" } else { "off" };
            let change = json!({"priority": 7, "mode": mode});
            admin.patch(&format!("/plugin-bindings/{binding}"), change).await.expect(200);
            things.other.insert("plugin-bindings", binding);
            things.other.insert("rollback", "1".to_owned());
        }
        if path.starts_with("/webhooks/") {
            let webhook = json!({
                "url": "https://bot.example.org/", "events": ["content.removed"], "community": "garden",
            });
            let webhook = admin.post("/webhooks", webhook).await.expect(201);
            things.other.insert("webhooks", id(&webhook));
        }
        if path.starts_with("/jobs/") {
            let job = forum::add_late_job(&self.app, &"a payload").await;
            things.other.insert("jobs", job);
        }
        if path.starts_with("/undos") || path.starts_with("/replays") {
            let scope = (case == "garden").then(|| json!({"community": "garden"}));
            let body = json!({"plugin": "letters", "mode": "off", "scope": scope});
            let binding = id(&admin.post("/plugin-bindings", body).await.expect(201));
            let community = scope.map(|scope| scope["community"].clone());
            let replay = json!({"binding_id": binding, "community": community});
            for (list, body) in [("undos", json!({"binding_id": binding})), ("replays", replay)] {
                let made = admin.post(&format!("/{list}"), body).await.expect(202);
                things.other.insert(list, id(&made));
            }
            things.other.insert("binding_id", binding);
        }
        if path.starts_with("/decisions/") || path.starts_with("/review-items/") {
            let comments = format!("/posts/{}/comments", things.post);
            let held = id(&author.post(&comments, json!({"body": "H"})).await.expect(202));
            let decisions =
                admin.get(&format!("/decisions?target={held}&mode=enforce")).await.expect(200);
            things.other.insert("decisions", id(&decisions["items"][0]));
            things.other.insert("review-items", waiting_about(admin, &held).await);
        }
    }

    /// The body that an operation is asked with.
    fn body(
        &self,
        spec: &Spec,
        operation: &Operation,
        case: &str,
        things: &Things,
    ) -> Option<Value> {
        let schema = spec.body(operation)?;
        let mut body = schema["example"].clone();
        let ban = json!({"username": things.victim.name, "deeds": ["vote"]});
        match operation.id.as_str() {
            "create_account" => {
                body["username"] = json!(format!("new{}", self.asked));
                body["password"] = json!(PASSWORD);
            }
            "rename_account" => body["username"] = json!(format!("new{}", self.asked)),
            "create_community" => body["slug"] = json!(format!("new{}", self.asked)),
            "create_post" | "create_webhook" | "preflight" => body["community"] = json!("garden"),
            "create_warning" => {
                body["username"] = json!(things.victim.name);
                body["community"] = json!("garden");
            }
            "create_report" => {
                body = json!({"kind": "post", "id": things.post, "reason": "Look."});
            }
            "create_appeal" => {
                body =
                    json!({"against": "warning", "id": things.other["warnings"], "text": "But."});
            }
            "sign_in" => body = json!({"username": "as-stranger", "password": PASSWORD}),
            "refresh_session" => {
                body["refresh_token"] = things.victim.tokens["refresh_token"].clone();
            }
            "change_password" => {
                body = json!({"current_password": PASSWORD, "new_password": PASSWORD});
            }
            "close_me" if case.is_empty() => body = json!({"password": PASSWORD}),
            "close_me" => body = json!({"password": "not the password"}),
            "set_avatar" => body = json!({"media_id": things.other["media"]}),
            "decide_appeal" if case == "grant" => body = json!({"grant": true}),
            "resolve_review_item" => {
                let resolution = if case == "remove" { "remove" } else { "approve" };
                body = json!({"resolution": resolution});
            }
            "change_role" if case == "admin" => body = json!({"role": "admin"}),
            "change_role" => body = json!({"role": "member"}),
            "release_name" => body["username"] = json!(things.other["closed"]),
            "create_plugin_binding" => body = json!({"plugin": "letters", "mode": "off"}),
            "start_replay" if case.is_empty() => body = json!({"digest": self.digest}),
            "undo" | "start_replay" => {
                body = json!({"binding_id": things.other["binding_id"]});
            }
            "change_plugin_binding" => body = json!({"priority": 9}),
            id if id.starts_with("create_") && id.ends_with("_ban") => body = ban,
            _ => {}
        }
        Some(body)
    }
}

/// Whether somebody new is needed, to whom nothing was done yet.
fn needs_victim(operation: &Operation, case: &str) -> bool {
    let path = &operation.path;
    let to_somebody =
        ["/bans", "/moderators/", "/role", "/warnings", "/removal", "/name", "/closure"]
            .iter()
            .any(|part| path.contains(part));
    to_somebody && matches!(case, "" | "admin") && operation.method != Method::GET
}

async fn upload(client: &Client, path: &str) -> Reply {
    let (path, wasm) = (format!("{path}?name=uploaded"), Some("application/wasm"));
    client.send_bytes(Method::POST, &path, wasm, Bytes::from(guest::configurable().to_vec())).await
}

/// A ban that removes content as well.
fn vote_ban(name: &str) -> Value {
    json!({"username": name, "deeds": ["vote"], "remove_content": {"hours": 1}})
}

/// The open item about some content.
async fn waiting_about(admin: &Person, content: &str) -> String {
    let mut path = "/review-items?kind=comment&limit=100".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200);
        let mut items = page["items"].as_array().unwrap().iter();
        if let Some(item) = items.find(|item| item["target_id"] == content) {
            return id(item);
        }
        let next = page["next_cursor"].as_str().expect("an item about the content");
        path = format!("/review-items?kind=comment&limit=100&cursor={next}");
    }
}
