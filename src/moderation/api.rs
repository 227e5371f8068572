//! `removal`, `lock`, `labels` and `slow-mode` of posts, comments and communities.

use std::time::Duration;

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{model::Pace, service::Moderation};
use crate::{
    base::{Error, actor::Actor},
    events::Content,
    http::{Input, Problem, Rendered, Tag},
    mod_actions::{Acted, ActionView, LoggedAction, PendingView},
    sessions::SignedIn,
};

/// Why something is done.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ReasonBody {
    /// At most 1,000 characters; its author is told.
    reason: Option<String>,
}

impl Example for ReasonBody {
    fn example() -> Self {
        Self { reason: Some("Advertising.".into()) }
    }
}

/// A pause between two comments of one account.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct PaceBody {
    /// 1 to 86,400.
    interval_seconds: u64,
    /// How long it lasts; absent: until it is ended.
    duration_seconds: Option<u64>,
    /// Why, for the log; at most 1,000 characters.
    reason: Option<String>,
}

impl Example for PaceBody {
    fn example() -> Self {
        Self {
            interval_seconds: 60,
            duration_seconds: Some(3_600),
            reason: Some("The thread is heated.".into()),
        }
    }
}

impl PaceBody {
    fn parse(&self) -> Result<Option<Pace>, Error> {
        let interval = Duration::from_secs(self.interval_seconds);
        Pace::parse(interval, self.duration_seconds.map(Duration::from_secs)).map(Some)
    }
}

/// What content is called.
#[derive(Debug, Object, Serialize)]
struct LabelList {
    /// In the order of letters; public marks are among them.
    labels: Vec<String>,
}

#[derive(ApiResponse)]
enum Removed {
    /// It is gone for everybody but its author and those who moderate.
    #[oai(status = 201)]
    Done(Rendered<ActionView>, #[oai(header = "Location")] String),
    /// A policy wants another moderator to ask for the same within a day.
    #[oai(status = 202)]
    NeedsSecond(Rendered<PendingView>),
}

impl Removed {
    fn new(acted: Acted<LoggedAction>) -> Self {
        match acted {
            Acted::Done(action) => {
                let location = format!("/api/v1/mod-actions?target={}", action.target.id());
                Self::Done(Rendered::new(&ActionView::from(action)), location)
            }
            Acted::NeedsSecond(pending) => Self::NeedsSecond(Rendered::new(&pending.into())),
        }
    }
}

#[derive(ApiResponse)]
enum Changed {
    /// It is so now.
    #[oai(status = 204)]
    Done,
    /// A policy wants another moderator to ask for the same within a day.
    #[oai(status = 202)]
    NeedsSecond(Rendered<PendingView>),
}

impl From<Acted<()>> for Changed {
    fn from(acted: Acted<()>) -> Self {
        match acted {
            Acted::Done(()) => Self::Done,
            Acted::NeedsSecond(pending) => Self::NeedsSecond(Rendered::new(&pending.into())),
        }
    }
}

#[derive(ApiResponse)]
enum Paced {
    /// It is so now.
    #[oai(status = 204)]
    Done,
}

/// What those who moderate do to content.
#[derive(Clone)]
pub struct ModerationApi {
    /// The feature.
    pub moderation: Moderation,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Moderation")]
impl ModerationApi {
    /// Remove a post
    ///
    /// For those who moderate there. Its author sees it as `removed`, with the
    /// reason; for others it is not there. What is held can be removed as well.
    #[oai(path = "/posts/:id/removal", method = "post", operation_id = "remove_post")]
    async fn remove_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        body: Input<ReasonBody>,
    ) -> Result<Removed, Problem> {
        let reason = body.0.reason.as_deref();
        Ok(Removed::new(self.moderation.remove(&actor, Content::Post(id.0), reason).await?))
    }

    /// Restore a post
    ///
    /// For those who moderate there.
    #[oai(path = "/posts/:id/removal", method = "delete", operation_id = "restore_post")]
    async fn restore_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Changed, Problem> {
        Ok(self.moderation.restore(&actor, Content::Post(id.0), reason.0.as_deref()).await?.into())
    }

    /// Remove a comment
    ///
    /// For those who moderate there, as for posts. Where it has answers, the
    /// thread shows that it was there.
    #[oai(path = "/comments/:id/removal", method = "post", operation_id = "remove_comment")]
    async fn remove_comment(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        body: Input<ReasonBody>,
    ) -> Result<Removed, Problem> {
        let reason = body.0.reason.as_deref();
        Ok(Removed::new(self.moderation.remove(&actor, Content::Comment(id.0), reason).await?))
    }

    /// Restore a comment
    ///
    /// For those who moderate there.
    #[oai(path = "/comments/:id/removal", method = "delete", operation_id = "restore_comment")]
    async fn restore_comment(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Changed, Problem> {
        Ok(self
            .moderation
            .restore(&actor, Content::Comment(id.0), reason.0.as_deref())
            .await?
            .into())
    }

    /// Close a post to comments
    ///
    /// For those who moderate there. Those of the author cannot be edited either.
    #[oai(path = "/posts/:id/lock", method = "put", operation_id = "lock_post")]
    async fn lock_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        body: Input<ReasonBody>,
    ) -> Result<Changed, Problem> {
        let lock = (Content::Post(id.0), true);
        Ok(self.moderation.set_locked(&actor, lock, body.0.reason.as_deref()).await?.into())
    }

    /// Open a post to comments
    ///
    /// For those who moderate there.
    #[oai(path = "/posts/:id/lock", method = "delete", operation_id = "unlock_post")]
    async fn unlock_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Changed, Problem> {
        let lock = (Content::Post(id.0), false);
        Ok(self.moderation.set_locked(&actor, lock, reason.0.as_deref()).await?.into())
    }

    /// Close the thread below a comment
    ///
    /// For those who moderate there. Neither it nor what is below it can be
    /// answered.
    #[oai(path = "/comments/:id/lock", method = "put", operation_id = "lock_comment")]
    async fn lock_comment(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        body: Input<ReasonBody>,
    ) -> Result<Changed, Problem> {
        let lock = (Content::Comment(id.0), true);
        Ok(self.moderation.set_locked(&actor, lock, body.0.reason.as_deref()).await?.into())
    }

    /// Open the thread below a comment
    ///
    /// For those who moderate there.
    #[oai(path = "/comments/:id/lock", method = "delete", operation_id = "unlock_comment")]
    async fn unlock_comment(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Changed, Problem> {
        let lock = (Content::Comment(id.0), false);
        Ok(self.moderation.set_locked(&actor, lock, reason.0.as_deref()).await?.into())
    }

    /// Label a post
    ///
    /// For those who moderate there. `sensitive` and `spoiler` are public marks;
    /// other labels are for moderators and plugins.
    #[oai(path = "/posts/:id/labels/:label", method = "put", operation_id = "label_post")]
    async fn label_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        /// 1 to 32 of `a` to `z`, digits and `-`.
        label: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Rendered<LabelList>, Problem> {
        self.set_label(&actor, Content::Post(id.0), (&label.0, true), reason.0.as_deref()).await
    }

    /// Take a label off a post
    ///
    /// For those who moderate there.
    #[oai(path = "/posts/:id/labels/:label", method = "delete", operation_id = "unlabel_post")]
    async fn unlabel_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        /// The label.
        label: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Rendered<LabelList>, Problem> {
        self.set_label(&actor, Content::Post(id.0), (&label.0, false), reason.0.as_deref()).await
    }

    /// Label a comment
    ///
    /// For those who moderate there, as for posts.
    #[oai(path = "/comments/:id/labels/:label", method = "put", operation_id = "label_comment")]
    async fn label_comment(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        /// 1 to 32 of `a` to `z`, digits and `-`.
        label: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Rendered<LabelList>, Problem> {
        self.set_label(&actor, Content::Comment(id.0), (&label.0, true), reason.0.as_deref()).await
    }

    /// Take a label off a comment
    ///
    /// For those who moderate there.
    #[oai(
        path = "/comments/:id/labels/:label",
        method = "delete",
        operation_id = "unlabel_comment"
    )]
    async fn unlabel_comment(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        /// The label.
        label: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Rendered<LabelList>, Problem> {
        self.set_label(&actor, Content::Comment(id.0), (&label.0, false), reason.0.as_deref()).await
    }

    /// Slow comments under a post down
    ///
    /// For those who moderate there, to whom it does not apply.
    #[oai(path = "/posts/:id/slow-mode", method = "put", operation_id = "slow_post")]
    async fn slow_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        body: Input<PaceBody>,
    ) -> Result<Paced, Problem> {
        self.moderation
            .set_post_pace(&actor, id.0.into(), || body.0.parse(), body.0.reason.as_deref())
            .await?;
        Ok(Paced::Done)
    }

    /// Slow comments under a post down no longer
    ///
    /// For those who moderate there.
    #[oai(path = "/posts/:id/slow-mode", method = "delete", operation_id = "unslow_post")]
    async fn unslow_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Paced, Problem> {
        self.moderation
            .set_post_pace(&actor, id.0.into(), || Ok(None), reason.0.as_deref())
            .await?;
        Ok(Paced::Done)
    }

    /// Slow comments in a community down
    ///
    /// For those who moderate it, to whom it does not apply.
    #[oai(path = "/communities/:slug/slow-mode", method = "put", operation_id = "slow_community")]
    async fn slow_community(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        body: Input<PaceBody>,
    ) -> Result<Paced, Problem> {
        self.moderation
            .set_community_pace(&actor, &slug.0, || body.0.parse(), body.0.reason.as_deref())
            .await?;
        Ok(Paced::Done)
    }

    /// Slow comments in a community down no longer
    ///
    /// For those who moderate it.
    #[oai(
        path = "/communities/:slug/slow-mode",
        method = "delete",
        operation_id = "unslow_community"
    )]
    async fn unslow_community(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Paced, Problem> {
        self.moderation
            .set_community_pace(&actor, &slug.0, || Ok(None), reason.0.as_deref())
            .await?;
        Ok(Paced::Done)
    }
}

impl ModerationApi {
    async fn set_label(
        &self,
        actor: &Actor,
        content: Content,
        label: (&str, bool),
        reason: Option<&str>,
    ) -> Result<Rendered<LabelList>, Problem> {
        let labels = self.moderation.set_label(actor, content, label, reason).await?;
        Ok(Rendered::new(&LabelList { labels }))
    }
}
