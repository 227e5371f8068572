//! `/undos`

use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, types::Example};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Cause, Item, Undo},
    service::Undos,
};
use crate::{
    base::{Error, clock::Timestamp},
    http::{Input, Problem, Rendered, Tag},
    sessions::SignedIn,
};

/// What is to be taken back.
#[derive(Debug, Object, Deserialize)]
#[serde(deny_unknown_fields)]
#[oai(example)]
struct UndoBody {
    /// The binding that did it.
    binding_id: Uuid,
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
            binding_id: Uuid::nil(),
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
        Ok(Cause {
            binding: self.binding_id.into(),
            digest: self.digest,
            revision: self.revision,
            from: time("from", self.from)?,
            until: time("until", self.until)?,
        })
    }
}

/// How many of one kind were taken back.
#[derive(Debug, Object, Serialize)]
struct UndoneView {
    /// Kind of the effect; `hold` is what waited and was let through.
    kind: String,
    /// How many.
    count: u32,
}

/// Something that a binding did.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct UndoItemView {
    /// The effect; of `hold`, the item that waited for review.
    id: Uuid,
    /// Kind of the effect, or `hold`.
    kind: String,
    /// What it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<Uuid>,
    /// Whether it was taken back, or would be; otherwise it is not as the
    /// plugin left it: people have decided since.
    undone: bool,
}

impl From<Item> for UndoItemView {
    fn from(Item { id, kind, target, undone }: Item) -> Self {
        Self { id, kind, target_id: target, undone }
    }
}

/// What was taken back, or would be.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct UndoView {
    /// Opaque; absent when nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// The binding.
    binding_id: Uuid,
    /// What is taken back, by kind.
    undone: Vec<UndoneView>,
    /// How many stay as they are.
    kept: u32,
    /// Each of them, the newest first; at most 1,000 effects, and as much held
    /// content, in one batch.
    items: Vec<UndoItemView>,
    /// When, RFC 3339.
    created_at: String,
}

impl From<Undo> for UndoView {
    fn from(undo: Undo) -> Self {
        let count = |(kind, count)| UndoneView { kind, count };
        Self {
            id: undo.id,
            binding_id: undo.cause.binding.0,
            undone: undo.outcome.undone.into_iter().map(count).collect(),
            kept: undo.outcome.kept,
            items: undo.outcome.items.into_iter().map(Into::into).collect(),
            created_at: undo.created_at.to_string(),
        }
    }
}

#[derive(ApiResponse)]
enum UndoAnswer {
    /// Nothing was done; this is what would be.
    #[oai(status = 200)]
    Preview(Rendered<UndoView>),
    /// It was taken back.
    #[oai(status = 201)]
    Done(Rendered<UndoView>, #[oai(header = "Location")] String),
}

/// Undo over HTTP.
#[derive(Clone)]
pub struct UndosApi {
    /// The feature.
    pub undos: Undos,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl UndosApi {
    /// Take back what a binding did
    ///
    /// For admins. Restores, unlocks, lifts, withdraws and lets through what the
    /// binding's effects and holds did, and corrects what people were told.
    /// What people have decided since stays. Asked again, it does nothing more.
    #[oai(path = "/undos", method = "post", operation_id = "undo")]
    async fn undo(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<UndoBody>,
    ) -> Result<UndoAnswer, Problem> {
        let dry_run = body.0.dry_run.unwrap_or(false);
        let cause = body.0.cause()?;
        if dry_run {
            let undo = self.undos.preview(&actor, cause).await?;
            return Ok(UndoAnswer::Preview(Rendered::new(&undo.into())));
        }
        let undo = self.undos.run(&actor, cause).await?;
        let location = format!("/api/v1/undos/{}", undo.id.unwrap_or_default());
        Ok(UndoAnswer::Done(Rendered::new(&undo.into()), location))
    }

    /// Show what was taken back
    ///
    /// For admins.
    #[oai(path = "/undos/:id", method = "get", operation_id = "show_undo")]
    async fn show_undo(
        &self,
        SignedIn(actor): SignedIn,
        /// The batch's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<UndoView>, Problem> {
        Ok(Rendered::new(&self.undos.find(&actor, id.0).await?.into()))
    }
}
