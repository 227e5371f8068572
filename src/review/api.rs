//! `/review-items`.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{ItemFilter, ItemKind, ItemState, ReportNote, Resolution, ReviewItem, Ruling, Text},
    service::Review,
};
use crate::{
    base::page::PageRequest,
    decisions::DecisionView,
    frozen_copies::{FrozenCopy, FrozenPicture},
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
    /// A newer item took its place.
    Superseded,
}

impl From<ItemStateParam> for ItemState {
    fn from(state: ItemStateParam) -> Self {
        match state {
            ItemStateParam::Open => Self::Open,
            ItemStateParam::Approved => Self::Approved,
            ItemStateParam::Removed => Self::Removed,
            ItemStateParam::Superseded => Self::Superseded,
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

/// A picture as it was when it was reported or held. Its file stays readable for those who
/// may settle the item, for as long as the copy is kept.
#[derive(Debug, Object, Serialize)]
struct FrozenPictureView {
    /// Opaque.
    id: Uuid,
    /// SHA-256 of the file that was uploaded, hexadecimal.
    digest: String,
    /// As in HTTP.
    media_type: String,
    /// In pixels.
    width: i64,
    /// In pixels.
    height: i64,
}

/// Content, or a profile, as it was when it was reported or held.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none, skip_serializing_if_is_empty)]
struct FrozenCopyView {
    /// When the copy was made, RFC 3339.
    frozen_at: Time,
    /// Name that the author, or the account, had.
    author: String,
    /// Number of the revision, from 1; absent for profiles and pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// Posts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Markdown; absent for profiles and pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// Bio of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<String>,
    /// Pictures of the content, the avatar of the account, or the picture itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(default)]
    media: Vec<FrozenPictureView>,
}

impl From<FrozenCopy> for FrozenCopyView {
    fn from(copy: FrozenCopy) -> Self {
        let picture = |picture: FrozenPicture| FrozenPictureView {
            id: picture.id,
            digest: picture.digest,
            media_type: picture.media_type,
            width: picture.width,
            height: picture.height,
        };
        Self {
            frozen_at: copy.frozen_at.into(),
            author: copy.author,
            revision: copy.revision,
            title: copy.title,
            body: copy.body,
            bio: copy.bio,
            media: copy.media.into_iter().map(picture).collect(),
        }
    }
}

/// A report, for those who settle it.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ReportNoteView {
    /// Opaque.
    id: Uuid,
    /// Name of the person who reported; absent for a plugin, and for a viewer whom the item
    /// is about.
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
    /// `open`, `approved`, `removed`; or `superseded` when a newer item took its place.
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
    /// Copies of what was reported or held, as it was at that time, oldest first. A list has
    /// only the newest copy of each item.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(default)]
    copies: Vec<FrozenCopyView>,
    /// Number of copies.
    copy_count: i64,
    /// Changes by the author since the newest copy: `edited`, `deleted_by_author`,
    /// `account_closed`, `renamed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[oai(default)]
    changed_since: Vec<String>,
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
    /// The reason that the author was given with the resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution_reason: Option<String>,
    /// For other moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// `true` when a person whom the item concerns settled it, because nobody else could;
    /// absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_matter: Option<bool>,
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
            copies: item.copies.into_iter().map(FrozenCopyView::from).collect(),
            copy_count: item.copy_count,
            changed_since: item.changes.iter().map(|change| change.as_str().to_owned()).collect(),
            post_id: item.post_id.map(|post| post.0),
            created_at: item.created_at.into(),
            resolved_by: item.resolved_by,
            resolved_at: item.resolved_at.map(Time::from),
            resolution_reason: item.resolution_reason,
            note: item.note,
            own_matter: item.own_matter.then_some(true),
            priority: item.priority,
            reports: item.reports.into_iter().map(ReportNoteView::from).collect(),
            decisions: item.decisions.into_iter().map(DecisionView::from).collect(),
        }
    }
}

/// Items, by priority, then the oldest first.
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
    /// How the item is settled.
    resolution: ResolutionName,
    /// The reason for the author: in the notification, in the mail and, for content that is
    /// removed, in its `moderation`. At most 1,000 characters.
    reason: Option<String>,
    /// A remark for other moderators, which the author does not see; at most 1,000 characters.
    note: Option<String>,
}

impl Example for ResolutionBody {
    fn example() -> Self {
        Self {
            resolution: ResolutionName::Remove,
            reason: Some("Rule 3: no advertising.".into()),
            note: Some("The third time this week.".into()),
        }
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
    /// held accounts, pictures and reported accounts too. By priority, then oldest first. Empty
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
    /// For moderators of its community and admins; only admins settle accounts and
    /// pictures. 409 once the item is settled or a newer one took its place. 403
    /// `own_matter` for the author, the account and the only reporter, while another
    /// moderator or admin can settle it.
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
        let ResolutionBody { resolution, reason, note } = body.0;
        let parse = || Ruling::parse(resolution.into(), reason.as_deref(), note.as_deref());
        let settled = self.review.resolve(&actor, id.0.into(), parse).await?;
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
