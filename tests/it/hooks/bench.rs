//! A plugin host for one test, and what is asked of it.

use std::{path::PathBuf, sync::Arc};

use gatherly::{
    config::{self, Config},
    hooks::{
        Actor, Binding, Content, ContentKind, Context, FailureMode, Grants, HookPoint, Hooks,
        Loaded, Mode, Operation, Outcome, Purpose, Role,
    },
};
use uuid::Uuid;

/// A host with a folder of its own.
pub(crate) struct Bench {
    pub(crate) hooks: Hooks,
    pub(crate) folder: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A host with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut config::Plugins)) -> Self {
        let folder = std::env::temp_dir().join(format!("gatherly-hooks-{}", Uuid::now_v7()));
        Self::at(folder, change)
    }

    /// A host in a folder that may have been used before.
    pub(crate) fn at(folder: PathBuf, change: impl FnOnce(&mut config::Plugins)) -> Self {
        let mut config = Config::defaults().expect("the defaults are good").plugins;
        // Fewer slots: many hosts run side by side in the tests.
        config.max_calls = 16;
        // The compiler is at the end of the queue for the processor, and tests
        // keep it busy.
        config.compile_seconds = 300;
        // Most tests are not about time, and the processor is shared by all.
        (config.deadline_ms, config.cpu_ms) = (2_000, 1_000);
        change(&mut config);
        let hooks = Hooks::start(&config, &folder, compiler()).expect("the host starts");
        Self { hooks, folder }
    }

    pub(crate) async fn activate(&self, component: &Arc<[u8]>, settings: &str) -> Arc<Loaded> {
        self.hooks
            .activate(Arc::clone(component), settings, &Grants::default())
            .await
            .expect("the component becomes active")
    }

    /// Asks about a comment with this text.
    pub(crate) async fn comment(&self, body: &str) -> Option<Outcome<Content>> {
        self.hooks.ask_checked(None, || (context(), comment(body)), recheck).await
    }

    /// Binds one component to the whole site and asks about a comment.
    pub(crate) async fn judge(&self, component: Arc<[u8]>, body: &str) -> Outcome<Content> {
        self.hooks.replace(vec![binding(self.activate(&component, "").await)]);
        self.comment(body).await.expect("somebody is bound")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program that compiles.
pub(crate) fn compiler() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_gatherly"))
}

/// A binding that is obeyed, for the whole site.
pub(crate) fn binding(loaded: Arc<Loaded>) -> Binding {
    Binding {
        id: Uuid::now_v7(),
        revision: 1,
        plugin: "test".to_owned(),
        digest: "digest".to_owned(),
        settings_hash: "settings".to_owned(),
        scope: None,
        mode: Mode::Enforce,
        failure: None,
        priority: 0,
        grants: Grants::default(),
        deadline: None,
        hooks: loaded.hooks(),
        loaded: Ok(loaded),
    }
}

/// A binding of a component that could not be loaded.
pub(crate) fn broken(hook: HookPoint, failure: Option<FailureMode>) -> Binding {
    Binding {
        id: Uuid::now_v7(),
        revision: 1,
        plugin: "broken".to_owned(),
        digest: "digest".to_owned(),
        settings_hash: "settings".to_owned(),
        scope: None,
        mode: Mode::Enforce,
        failure,
        priority: 0,
        grants: Grants::default(),
        deadline: None,
        hooks: vec![hook],
        loaded: Err("the compiled plugin cannot be loaded".to_owned()),
    }
}

pub(crate) fn context() -> Context {
    Context {
        event_id: "event".to_owned(),
        mode: Purpose::Enforce,
        time: 1_760_000_000_000,
        community: Some("general".to_owned()),
        actor: Some(Actor {
            id: "account".to_owned(),
            username: "mina".to_owned(),
            role: Role::Member,
            account_age: 86_400_000,
            verified: true,
            post_count: 3,
            comment_count: 14,
            score: 15,
            strikes: 2,
            labels: vec!["new".to_owned()],
        }),
    }
}

pub(crate) fn comment(body: &str) -> Content {
    Content {
        kind: ContentKind::Comment,
        operation: Operation::Create,
        id: "comment".to_owned(),
        post_id: Some("post".to_owned()),
        parent_id: None,
        title: None,
        body: body.to_owned(),
    }
}

/// What a user's comment must keep to: something in it, and not too much.
pub(crate) fn recheck(content: &Content) -> Result<(), String> {
    if content.body.trim().is_empty() { Err("the text is empty".to_owned()) } else { Ok(()) }
}
