//! `/bans/{id}/content-removal`

use poem_openapi::{Object, OpenApi, param::Path};
use serde::Serialize;
use uuid::Uuid;

use super::{
    model::{Removal, RemovalState},
    service::ContentRemovals,
};
use crate::{
    http::{Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// What is removed with a ban, and how far that is.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ContentRemovalView {
    /// The ban.
    ban_id: Uuid,
    /// `waiting`, `running`, `done`, or `stopped`: an undo took it back before it was done.
    state: String,
    /// Only what is no older than this time is removed, RFC 3339.
    since: Time,
    /// How far the removal is, in percent.
    progress: i64,
    /// Posts that were removed.
    posts: i64,
    /// Comments that were removed.
    comments: i64,
    /// Votes that were taken back.
    votes: i64,
    /// When all was removed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
}

impl From<Removal> for ContentRemovalView {
    fn from(removal: Removal) -> Self {
        let progress = match removal.state {
            RemovalState::Done | RemovalState::Stopped => 100,
            RemovalState::Waiting | RemovalState::Running => {
                removal.removed() * 100 / removal.total.max(1)
            }
        };
        Self {
            ban_id: removal.ban.0,
            state: removal.state.as_str().to_owned(),
            since: removal.since.into(),
            progress,
            posts: removal.posts,
            comments: removal.comments,
            votes: removal.votes,
            finished_at: removal.finished_at.map(Time::from),
        }
    }
}

/// The removal of content with bans over HTTP.
#[derive(Clone)]
pub struct ContentRemovalsApi {
    /// The feature.
    pub removals: ContentRemovals,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Bans")]
impl ContentRemovalsApi {
    /// Show what is removed with a ban
    ///
    /// For admins, and for moderators of the ban's community: how far the removal is that
    /// `remove_content` of the ban asked for. `POST /undos` with `ban_id` takes it back.
    #[oai(
        path = "/bans/:id/content-removal",
        method = "get",
        operation_id = "show_content_removal"
    )]
    async fn show(
        &self,
        SignedIn(actor): SignedIn,
        /// The ban's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<ContentRemovalView>, Problem> {
        let removal = self.removals.find(&actor, id.0.into()).await?;
        Ok(Rendered::new(&ContentRemovalView::from(removal)))
    }
}
