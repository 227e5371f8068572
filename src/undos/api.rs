//! `/undos`

use std::collections::BTreeMap;

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Cause, Item, OfBinding, Undo, UndoState},
    service::Undos,
};
use crate::{
    base::{
        Error,
        clock::Timestamp,
        page::{Page, PageRequest},
    },
    http::{Input, Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// What is to be taken back.
#[derive(Debug, Object, Deserialize)]
#[serde(deny_unknown_fields)]
#[oai(example)]
struct UndoBody {
    /// The binding that did it. Either this or `ban_id` is given.
    binding_id: Option<Uuid>,
    /// The ban that removed content: posts, comments and votes come back, and the ban
    /// stays in force. The other fields narrow a binding's doing only.
    ban_id: Option<Uuid>,
    /// Only what this version did, by its SHA-256.
    digest: Option<String>,
    /// Only what the binding did in this revision.
    revision: Option<i64>,
    /// Only what was done since then, RFC 3339.
    from: Option<String>,
    /// Only what was done until then, RFC 3339.
    until: Option<String>,
    /// `true` tells what would be taken back, and takes back nothing.
    dry_run: Option<bool>,
}

impl Example for UndoBody {
    fn example() -> Self {
        Self {
            binding_id: Some(Uuid::nil()),
            ban_id: None,
            digest: None,
            revision: Some(3),
            from: Some("2026-01-01T00:00:00Z".to_owned()),
            until: None,
            dry_run: Some(true),
        }
    }
}

impl UndoBody {
    fn cause(self) -> Result<Cause, Error> {
        let time = |field, text: Option<String>| -> Result<Option<Timestamp>, Error> {
            let Some(text) = text else { return Ok(None) };
            let time = Timestamp::parse(&text);
            time.map(Some).ok_or_else(|| Error::invalid(field, "time", "must be an RFC 3339 time"))
        };
        let narrowed = self.digest.is_some() || self.revision.is_some();
        let narrowed = narrowed || self.from.is_some() || self.until.is_some();
        match (self.binding_id, self.ban_id) {
            (Some(binding), None) => Ok(Cause::Binding(OfBinding {
                binding: binding.into(),
                digest: self.digest,
                revision: self.revision,
                from: time("from", self.from)?,
                until: time("until", self.until)?,
            })),
            (None, Some(ban)) if !narrowed => Ok(Cause::Ban(ban.into())),
            (None, Some(_)) => {
                Err(Error::invalid("ban_id", "alone", "goes with no other field but `dry_run`"))
            }
            _ => Err(Error::invalid("binding_id", "either", "or `ban_id` must be given, not both")),
        }
    }
}

/// How many of one kind were taken back.
#[derive(Debug, Object, Serialize)]
struct UndoneView {
    /// The kind of the effect; `hold` is what waited and was let through, `reject` what
    /// was refused and was published, `modify` what was changed and has its author's
    /// words back; of a ban, `remove` and `vote`.
    kind: String,
    /// How many.
    count: i64,
}

/// Something that a binding did.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct UndoItemView {
    /// The effect; of `hold`, the item that waited for review; of other verdicts, the
    /// decision.
    id: Uuid,
    /// Kind of the effect, or `hold`, `reject` or `modify`.
    kind: String,
    /// What it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<Uuid>,
    /// `waiting`: it is to be taken back; `undone`: it was, or would be; `kept`: it
    /// stays as it is.
    state: String,
    /// Why it is kept, by a name of `not_undone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Item> for UndoItemView {
    fn from(Item { id, kind, target, state, reason, .. }: Item) -> Self {
        Self { id, kind, target_id: target, state: state.as_str().to_owned(), reason }
    }
}

/// What is taken back, or would be.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct UndoView {
    /// Opaque; absent of a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// `preview`, `waiting`, `running` or `done`.
    state: String,
    /// The binding, if its doing is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<Uuid>,
    /// The ban, if what it removed is put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    ban_id: Option<Uuid>,
    /// How much there is to settle.
    total: i64,
    /// How far that is, in percent; absent of a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<i64>,
    /// What was taken back so far, by kind; of a preview, what would be.
    undone: Vec<UndoneView>,
    /// How many stay as they are.
    kept: i64,
    /// Why they do, and how often: `decided_by_person`, `others_decided` (other plugins
    /// wanted the same), `edited_since`, `changed_since`, `posted_again`,
    /// `newer_waits`, `text_expired`, `author_gone`, `author_banned`, `locked`, `place_gone`,
    /// `not_publishable`, `webhook_delivered`; what left nothing that could be taken
    /// back: `registration_refused`, `picture_refused`, `vote_refused`,
    /// `report_changed`, `action_refused`, `ban_changed`, `notification_changed`.
    /// `mail_sent` counts mails that told of what was taken back.
    not_undone: BTreeMap<String, i64>,
    /// How many of the oldest a preview did not look at: it looks at the newest 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_tried: Option<i64>,
    /// A page of them, the newest first; of a preview, at most 100.
    items: Vec<UndoItemView>,
    /// When it was asked for, RFC 3339.
    created_at: Time,
    /// When all was settled, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
    /// Where the next page starts; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl UndoView {
    fn new(undo: Undo, items: Page<Item>) -> Self {
        let settled = undo.counts.settled();
        let progress = match undo.state {
            UndoState::Preview => None,
            UndoState::Done => Some(100),
            UndoState::Waiting | UndoState::Running => Some(settled * 100 / undo.total.max(1)),
        };
        let count = |(kind, count)| UndoneView { kind, count };
        let not_tried = undo.total.saturating_sub(settled);
        let is_preview = undo.state == UndoState::Preview;
        Self {
            id: undo.id,
            state: undo.state.as_str().to_owned(),
            binding_id: Some(undo.cause).filter(|_| !undo.is_of_ban),
            ban_id: Some(undo.cause).filter(|_| undo.is_of_ban),
            total: undo.total,
            progress,
            undone: undo.counts.undone.into_iter().map(count).collect(),
            kept: undo.counts.kept,
            not_undone: undo.counts.not_undone,
            not_tried: Some(not_tried).filter(|more| is_preview && *more > 0),
            items: items.items.into_iter().map(Into::into).collect(),
            created_at: undo.created_at.into(),
            finished_at: undo.finished_at.map(Time::from),
            next_cursor: items.next_cursor,
        }
    }
}

#[derive(ApiResponse)]
enum UndoAnswer {
    /// Nothing was done; this is what would be.
    #[oai(status = 200)]
    Preview(Rendered<UndoView>),
    /// It waits for its turn.
    #[oai(status = 202)]
    Accepted(Rendered<UndoView>, #[oai(header = "Location")] String),
}

/// Undo over HTTP.
#[derive(Clone)]
pub struct UndosApi {
    /// The feature.
    pub undos: Undos,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl UndosApi {
    /// Take back what a binding did, or what a ban removed
    ///
    /// For admins, and for moderators what a binding or a ban of their community did. In the
    /// background, the server reverses the binding's effects, lets through what it
    /// held, publishes what it refused under its author's name with the time it was
    /// written, gives changed texts their author's words back, and corrects what people
    /// were told. With `ban_id`, the server gives back what the ban removed, and nothing
    /// that somebody removed otherwise. Bans, locks and visibility are checked as they are now. What people
    /// have decided since stays, and `not_undone` counts by name what stays as it is. A
    /// preview (`dry_run`) does the same and rolls it back. Asked again, the operation
    /// does nothing more.
    #[oai(path = "/undos", method = "post", operation_id = "undo")]
    async fn undo(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<UndoBody>,
    ) -> Result<UndoAnswer, Problem> {
        let dry_run = body.0.dry_run.unwrap_or(false);
        let cause = body.0.cause()?;
        if dry_run {
            let (undo, items) = self.undos.preview(&actor, cause).await?;
            return Ok(UndoAnswer::Preview(Rendered::new(&UndoView::new(undo, items))));
        }
        let undo = self.undos.start(&actor, cause).await?;
        let location = format!("/api/v1/undos/{}", undo.id.unwrap_or_default());
        let nothing = Page { items: Vec::new(), next_cursor: None };
        Ok(UndoAnswer::Accepted(Rendered::new(&UndoView::new(undo, nothing)), location))
    }

    /// Show what is taken back
    ///
    /// For those who may have it taken back: how far it is, and what came of each
    /// effect.
    #[oai(path = "/undos/:id", method = "get", operation_id = "show_undo")]
    async fn show_undo(
        &self,
        SignedIn(actor): SignedIn,
        /// The batch's id.
        id: Path<Uuid>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Items wanted, 1 to 100; 25 when absent.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<UndoView>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let (undo, items) = self.undos.find(&actor, id.0, &page).await?;
        Ok(Rendered::new(&UndoView::new(undo, items)))
    }
}
