//! `/mod-actions`.

use poem_openapi::{Object, OpenApi, param::Query};
use serde::Serialize;
use uuid::Uuid;

use super::{
    model::{ActionKind, LogFilter, LoggedAction, Pending},
    service::ModActions,
};
use crate::{
    base::{
        Error,
        page::{Page, PageRequest},
    },
    http::{Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// One act on others or on the state of the forum, of a person or of a plugin.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ActionView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// The kind of act, for example `remove`, `ban`, `appoint_moderator`, `change_role`
    /// or `change_binding`. Newer servers may know more kinds.
    kind: String,
    /// Name of the person who acted; absent for a plugin, for the server itself and for
    /// a file of the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// Name of the plugin whose effect it is; absent for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<String>,
    /// The plugin's binding.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<Uuid>,
    /// The decision that wanted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_id: Option<Uuid>,
    /// To what: `post`, `comment`, `account`, `community` or `site`.
    target_kind: String,
    /// Its id; zeros for the site.
    target_id: Uuid,
    /// Name of whom it struck.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// Slug of the community; absent for the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// What the kind and the target do not say: the label, the mark, the new role, the
    /// names before and after, the id of a binding, a webhook or a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The ban that removed the content: see `remove_content` of bans.
    #[serde(skip_serializing_if = "Option::is_none")]
    ban_id: Option<Uuid>,
    /// When, RFC 3339.
    created_at: Time,
    /// When it was taken back, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_at: Option<Time>,
    /// Name of the person who took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<String>,
    /// `true` when a person acted on their own content or account; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_matter: Option<bool>,
}

impl From<LoggedAction> for ActionView {
    fn from(action: LoggedAction) -> Self {
        Self {
            id: action.id.0,
            kind: action.kind.as_str().to_owned(),
            actor: action.actor_name,
            plugin: action.plugin,
            binding_id: action.binding,
            decision_id: action.decision,
            target_kind: action.target.kind().to_owned(),
            target_id: action.target.id(),
            account: action.account_name,
            community: action.slug,
            detail: action.detail,
            reason: action.reason,
            ban_id: action.ban.map(|ban| ban.0),
            created_at: action.created_at.into(),
            undone_at: action.undone_at.map(Time::from),
            undone_by: action.undone_by,
            own_matter: action.own_matter.then_some(true),
        }
    }
}

/// An action that waits for another moderator who wants the same.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "PendingActionView")]
pub struct PendingView {
    /// Opaque.
    id: Uuid,
    /// `needs_second`.
    state: String,
    /// What is to be done.
    kind: String,
    /// With what: `post`, `comment` or `account`.
    target_kind: String,
    /// Its id.
    target_id: Uuid,
    /// Why it waits, in a policy's words.
    message: String,
    /// Until when another moderator can ask for the same, RFC 3339.
    until: Time,
}

impl From<Pending> for PendingView {
    fn from(pending: Pending) -> Self {
        Self {
            id: pending.id,
            state: "needs_second".to_owned(),
            kind: pending.kind.as_str().to_owned(),
            target_kind: pending.target.kind().to_owned(),
            target_id: pending.target.id(),
            message: pending.message,
            until: pending.until.into(),
        }
    }
}

/// Acts, the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ActionList {
    /// This page.
    items: Vec<ActionView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<Page<LoggedAction>> for ActionList {
    fn from(page: Page<LoggedAction>) -> Self {
        let page = page.map(ActionView::from);
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

/// Reading the log of actions.
#[derive(Clone)]
pub struct ModActionsApi {
    /// The feature.
    pub actions: ModActions,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Moderation")]
impl ModActionsApi {
    /// List the log of acts
    ///
    /// Acts on others and on the state of the forum. For moderators, the acts in their
    /// communities; for admins, all acts. Newest first. Empty for everybody else.
    #[oai(path = "/mod-actions", method = "get", operation_id = "list_mod_actions")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// In the community with this slug.
        community: Query<Option<String>>,
        /// Only this, as `kind` of an item.
        kind: Query<Option<String>>,
        /// That struck the account of this name.
        account: Query<Option<String>>,
        /// To the post, comment, account or community with this id.
        target: Query<Option<Uuid>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<ActionList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let filter = LogFilter {
            community: community.0,
            kind: kind.0.as_deref().map(ActionKind::parse).transpose().map_err(Error::from)?,
            account: account.0,
            target: target.0,
        };
        let page = self.actions.list(&actor, &filter, &page).await?;
        Ok(Rendered::new(&ActionList::from(page)))
    }
}
