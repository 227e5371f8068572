//! `/warnings`, and one's own.

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{model::Warning, service::Warnings};
use crate::{
    base::page::{Page, PageRequest},
    http::{Input, Problem, Rendered, Tag, Time},
    mod_actions::{Acted, PendingView},
    sessions::SignedIn,
};

/// A warning that is to be given.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct WarningRequest {
    /// Whom it is for.
    username: String,
    /// Slug of the community; absent for the whole site.
    community: Option<String>,
    /// Why, 1 to 1,000 characters; told to the one who is warned.
    reason: String,
}

impl Example for WarningRequest {
    fn example() -> Self {
        Self {
            username: "mallory".into(),
            community: Some("general".into()),
            reason: "Please stay friendly.".into(),
        }
    }
}

/// A strike.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct WarningView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// Whom it is for.
    username: String,
    /// Slug of the community; absent for the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// Why.
    reason: String,
    /// When, RFC 3339.
    created_at: Time,
    /// When it was taken back, RFC 3339; absent while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_at: Option<Time>,
}

impl From<Warning> for WarningView {
    fn from(warning: Warning) -> Self {
        Self {
            id: warning.id.0,
            username: warning.username,
            community: warning.slug,
            reason: warning.reason,
            created_at: warning.created_at.into(),
            withdrawn_at: warning.withdrawn_at.map(Time::from),
        }
    }
}

/// Warnings, the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct WarningList {
    /// This page.
    items: Vec<WarningView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<Page<Warning>> for WarningList {
    fn from(page: Page<Warning>) -> Self {
        let page = page.map(WarningView::from);
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

#[derive(ApiResponse)]
enum Warned {
    /// The strike counts.
    #[oai(status = 201)]
    Done(Rendered<WarningView>, #[oai(header = "Location")] String),
    /// A policy wants another moderator to ask for the same within a day.
    #[oai(status = 202)]
    NeedsSecond(Rendered<PendingView>),
}

#[derive(ApiResponse)]
enum Withdrawn {
    /// It does not count any more.
    #[oai(status = 204)]
    Done,
}

/// Operations on warnings.
#[derive(Clone)]
pub struct WarningsApi {
    /// The feature.
    pub warnings: Warnings,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Moderation")]
impl WarningsApi {
    /// Warn somebody
    ///
    /// For those who moderate the community; for admins, also on the whole site.
    /// Those who moderate there cannot be warned.
    #[oai(path = "/warnings", method = "post", operation_id = "create_warning")]
    async fn warn(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<WarningRequest>,
    ) -> Result<Warned, Problem> {
        let WarningRequest { username, community, reason } = body.0;
        let warned = self.warnings.warn(&actor, (&username, community.as_deref()), &reason);
        Ok(match warned.await? {
            Acted::Done(warning) => {
                let location = format!("/api/v1/warnings/{}", warning.id);
                Warned::Done(Rendered::new(&warning.into()), location)
            }
            Acted::NeedsSecond(pending) => Warned::NeedsSecond(Rendered::new(&pending.into())),
        })
    }

    /// Withdraw a warning
    ///
    /// For those who moderate its community; for admins, of the whole site.
    #[oai(path = "/warnings/:id", method = "delete", operation_id = "withdraw_warning")]
    async fn withdraw(
        &self,
        SignedIn(actor): SignedIn,
        /// The warning's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Withdrawn, Problem> {
        self.warnings.withdraw(&actor, id.0.into(), reason.0.as_deref()).await?;
        Ok(Withdrawn::Done)
    }

    /// List one's own warnings
    ///
    /// For everybody who is signed in. Newest first, those that were withdrawn
    /// included.
    #[oai(path = "/me/warnings", method = "get", operation_id = "list_own_warnings")]
    async fn list_own(
        &self,
        SignedIn(actor): SignedIn,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<WarningList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let page = self.warnings.of_actor(&actor, &page).await?;
        Ok(Rendered::new(&WarningList::from(page)))
    }
}
