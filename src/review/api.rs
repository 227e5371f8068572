//! `/review-items`.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{ItemFilter, ItemKind, ItemState, ReportNote, Resolution, ReviewItem, Text},
    service::Review,
};
use crate::{
    base::page::PageRequest,
    decisions::DecisionView,
    http::{Input, Problem, Rendered, Tag, Time},
    mod_actions::{Acted, PendingView},
    sessions::SignedIn,
};

/// What waits.
#[derive(Clone, Copy, Debug, Enum, Serialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum ItemKindName {
    /// A post that was never published.
    Post,
    /// A comment that was never published.
    Comment,
    /// A change of a post or a comment that is published.
    Edit,
    /// Somebody who wants to join.
    Account,
    /// A picture that cannot be used yet.
    Media,
    /// What people or plugins reported.
    Report,
}

impl From<ItemKind> for ItemKindName {
    fn from(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Post => Self::Post,
            ItemKind::Comment => Self::Comment,
            ItemKind::Edit => Self::Edit,
            ItemKind::Account => Self::Account,
            ItemKind::Media => Self::Media,
            ItemKind::Report => Self::Report,
        }
    }
}

impl From<ItemKindName> for ItemKind {
    fn from(kind: ItemKindName) -> Self {
        match kind {
            ItemKindName::Post => Self::Post,
            ItemKindName::Comment => Self::Comment,
            ItemKindName::Edit => Self::Edit,
            ItemKindName::Account => Self::Account,
            ItemKindName::Media => Self::Media,
            ItemKindName::Report => Self::Report,
        }
    }
}

/// A state to look for.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
enum ItemStateParam {
    /// Still waits.
    Open,
    /// A person let it through.
    Approved,
    /// A person did not.
    Removed,
}

impl From<ItemStateParam> for ItemState {
    fn from(state: ItemStateParam) -> Self {
        match state {
            ItemStateParam::Open => Self::Open,
            ItemStateParam::Approved => Self::Approved,
            ItemStateParam::Removed => Self::Removed,
        }
    }
}

/// A post's or comment's text.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ItemText {
    /// Posts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Markdown.
    body: String,
}

impl From<Text> for ItemText {
    fn from(text: Text) -> Self {
        Self { title: text.title, body: text.body }
    }
}

/// A report, for those who settle it.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ReportNoteView {
    /// Opaque.
    id: Uuid,
    /// Name of the person who reported; absent for a plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    reporter: Option<String>,
    /// Name of the plugin that reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<String>,
    /// Why.
    reason: String,
    /// The report that a policy counts it with.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<Uuid>,
    /// When, RFC 3339.
    created_at: Time,
}

impl From<ReportNote> for ReportNoteView {
    fn from(note: ReportNote) -> Self {
        Self {
            id: note.id,
            reporter: note.reporter,
            plugin: note.plugin,
            reason: note.reason,
            merged_into: note.merged_into,
            created_at: note.created_at.into(),
        }
    }
}

/// Something that waits for a person, or has been settled by one.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ReviewItemView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// What waits.
    kind: ItemKindName,
    /// `open`, `approved`, `removed`; or `superseded` when something newer took
    /// its place or its author took it back.
    state: String,
    /// The post, comment, picture or account.
    target_id: Uuid,
    /// Slug of the community; absent for an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// Name of the author, or of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    /// Why it waits.
    reason: String,
    /// The text as it stands; absent for accounts, and once its author deleted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<ItemText>,
    /// The text that an edit wants, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<ItemText>,
    /// The post of a comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<Uuid>,
    /// Since when it waits, RFC 3339.
    created_at: Time,
    /// Name of the person who settled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<String>,
    /// When, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Time>,
    /// For other moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Its place in the queue, from -100 to 100: higher comes first.
    priority: i64,
    /// What those said who reported it, newest first; at most 20.
    reports: Vec<ReportNoteView>,
    /// What plugins decided about it.
    decisions: Vec<DecisionView>,
}

impl From<ReviewItem> for ReviewItemView {
    fn from(item: ReviewItem) -> Self {
        Self {
            id: item.id.0,
            kind: item.kind.into(),
            state: item.state.as_str().to_owned(),
            target_id: item.target_id,
            community: item.community,
            author: item.author,
            reason: item.reason,
            text: item.text.map(ItemText::from),
            pending: item.pending.map(ItemText::from),
            post_id: item.post_id.map(|post| post.0),
            created_at: item.created_at.into(),
            resolved_by: item.resolved_by,
            resolved_at: item.resolved_at.map(Time::from),
            note: item.note,
            priority: item.priority,
            reports: item.reports.into_iter().map(ReportNoteView::from).collect(),
            decisions: item.decisions.into_iter().map(DecisionView::from).collect(),
        }
    }
}

/// Items, by priority, then the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ReviewItemList {
    /// One page of them.
    items: Vec<ReviewItemView>,
    /// Where the next page starts; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// How to settle an item.
#[derive(Clone, Copy, Debug, Enum, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum ResolutionName {
    /// Publish it, let the account take part or the picture be used; nothing is wrong with what was
    /// reported.
    Approve,
    /// Do not publish. A held account is closed, and reported content is removed. Of a
    /// reported account, bio and avatar are removed, with the note as the reason.
    Remove,
}

impl From<ResolutionName> for Resolution {
    fn from(resolution: ResolutionName) -> Self {
        match resolution {
            ResolutionName::Approve => Self::Approve,
            ResolutionName::Remove => Self::Remove,
        }
    }
}

/// A person's word on an item.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ResolutionBody {
    /// What is to happen.
    resolution: ResolutionName,
    /// For other moderators; at most 1,000 characters.
    note: Option<String>,
}

impl Example for ResolutionBody {
    fn example() -> Self {
        Self { resolution: ResolutionName::Approve, note: Some("A joke between friends.".into()) }
    }
}

#[derive(ApiResponse)]
enum Settled {
    /// It is settled.
    #[oai(status = 201)]
    Created(Rendered<ReviewItemView>, #[oai(header = "Location")] String),
    /// A policy wants another moderator to remove it as well, within a day.
    #[oai(status = 202)]
    NeedsSecond(Rendered<PendingView>),
}

/// Operations on what waits for a person.
#[derive(Clone)]
pub struct ReviewApi {
    /// The feature.
    pub review: Review,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Moderation")]
impl ReviewApi {
    /// List what waits for a person
    ///
    /// For moderators, what is in their communities; for admins, everything and
    /// held accounts, pictures and reported accounts too. By priority, then newest first. Empty
    /// for everybody else.
    #[oai(path = "/review-items", method = "get", operation_id = "list_review_items")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// In this state; `open` when absent.
        state: Query<Option<ItemStateParam>>,
        /// Of this kind.
        kind: Query<Option<ItemKindName>>,
        /// In the community with this slug.
        community: Query<Option<String>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Items wanted, 1 to 100; 25 when absent. A page whose texts have more than 1 MiB
        /// has fewer.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<ReviewItemList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let filter = ItemFilter {
            state: state.0.map_or(ItemState::Open, ItemState::from),
            kind: kind.0.map(ItemKind::from),
            community: community.0,
        };
        let page = self.review.list(&actor, &filter, &page).await?.map(ReviewItemView::from);
        Ok(Rendered::new(&ReviewItemList { items: page.items, next_cursor: page.next_cursor }))
    }

    /// Show an item
    ///
    /// For moderators of its community and admins.
    #[oai(path = "/review-items/:id", method = "get", operation_id = "show_review_item")]
    async fn show(
        &self,
        SignedIn(actor): SignedIn,
        /// The item's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<ReviewItemView>, Problem> {
        let item = self.review.find(&actor, id.0.into()).await?;
        Ok(Rendered::new(&ReviewItemView::from(item)))
    }

    /// Settle an item
    ///
    /// For moderators of its community and admins; accounts and pictures are the
    /// admins' to settle. Once settled, or overtaken by something newer, 409.
    #[oai(
        path = "/review-items/:id/resolutions",
        method = "post",
        operation_id = "resolve_review_item"
    )]
    async fn resolve(
        &self,
        SignedIn(actor): SignedIn,
        /// The item's id.
        id: Path<Uuid>,
        body: Input<ResolutionBody>,
    ) -> Result<Settled, Problem> {
        let ResolutionBody { resolution, note } = body.0;
        let note = note.unwrap_or_default();
        let settled = self.review.resolve(&actor, id.0.into(), resolution.into(), &note).await?;
        let item = match settled {
            Acted::Done(item) => item,
            Acted::NeedsSecond(pending) => {
                return Ok(Settled::NeedsSecond(Rendered::new(&pending.into())));
            }
        };
        let location = format!("/api/v1/review-items/{}", item.id);
        Ok(Settled::Created(Rendered::new(&ReviewItemView::from(item)), location))
    }
}
