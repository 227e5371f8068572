//! The answers, from the database.

use futures_util::future::{FutureExt, ready};
use uuid::Uuid;

use super::store;
use crate::{
    db::{self, Db},
    hooks::{
        Actor, Attachment, CommunitySummary, ContentSummary, PriorReport, PriorSanction, Thread,
        ports::{About, Answer, EventReads, ForumReads, Unanswered},
    },
};

/// Reads for plugins; cheap to clone.
#[derive(Clone, Debug)]
pub struct PluginReads {
    db: Db,
}

impl PluginReads {
    /// Reads of this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}

/// An id that a plugin or an event names; what is none belongs to nothing.
fn id(text: Option<&String>) -> Uuid {
    text.and_then(|text| Uuid::parse_str(text).ok()).unwrap_or_default()
}

/// What a statement found, for the host.
fn answer<T>(found: Result<T, db::Error>) -> Result<T, Unanswered> {
    found.map_err(|error| Unanswered(error.to_string()))
}

impl EventReads for PluginReads {
    fn recent<'a>(&'a self, about: &'a About, limit: u32) -> Answer<'a, Vec<ContentSummary>> {
        let (actor, content) = (id(about.actor.as_ref()), id(about.content.as_ref()));
        let place = about.community.as_deref();
        async move { answer(store::recent(&self.db, (actor, content), place, limit).await) }.boxed()
    }

    fn thread<'a>(&'a self, about: &'a About) -> Answer<'a, Option<Thread>> {
        let (post, content) = (id(about.post.as_ref()), id(about.content.as_ref()));
        let parent = id(about.parent.as_ref());
        async move { answer(store::thread(&self.db, (post, content), parent).await) }.boxed()
    }

    fn reports<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<PriorReport>> {
        let (content, account) = (about.content.as_ref(), id(about.account.as_ref()));
        let content = content.map(|content| id(Some(content)));
        async move { answer(store::reports(&self.db, content, account).await) }.boxed()
    }

    fn sanctions<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<PriorSanction>> {
        let (account, place) = (id(about.account.as_ref()), about.community.as_deref());
        async move { answer(store::sanctions(&self.db, account, place).await) }.boxed()
    }

    /// None yet: content has no pictures.
    fn attachments<'a>(&'a self, _: &'a About) -> Answer<'a, Vec<Attachment>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn labels<'a>(&'a self, about: &'a About) -> Answer<'a, Vec<String>> {
        let content = id(about.content.as_ref());
        async move { answer(store::labels(&self.db, content).await) }.boxed()
    }
}

impl ForumReads for PluginReads {
    fn account<'a>(&'a self, about: &'a About, id: &'a str) -> Answer<'a, Option<Actor>> {
        let id = Uuid::parse_str(id).unwrap_or_default();
        async move { answer(store::account(&self.db, about, id).await) }.boxed()
    }

    fn account_by_name<'a>(&'a self, about: &'a About, name: &'a str) -> Answer<'a, Option<Actor>> {
        async move { answer(store::account_by_name(&self.db, about, name).await) }.boxed()
    }

    fn content<'a>(&'a self, about: &'a About, id: &'a str) -> Answer<'a, Option<ContentSummary>> {
        let id = Uuid::parse_str(id).unwrap_or_default();
        async move { answer(store::content(&self.db, id, about.time).await) }.boxed()
    }

    fn community<'a>(&'a self, slug: &'a str) -> Answer<'a, Option<CommunitySummary>> {
        async move { answer(store::community(&self.db, slug).await) }.boxed()
    }

    fn is_member<'a>(&'a self, account: &'a str, community: &'a str) -> Answer<'a, bool> {
        let account = Uuid::parse_str(account).unwrap_or_default();
        async move { answer(store::is_member(&self.db, account, community).await) }.boxed()
    }
}
