//! `/reports`.

use poem_openapi::{ApiResponse, Enum, Object, OpenApi, types::Example};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Filed, Wanted},
    service::Reports,
};
use crate::{
    base::{Error, FieldError},
    http::{Input, Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// What can be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum ReportKind {
    /// A post, by its id.
    Post,
    /// A comment, by its id.
    Comment,
    /// An account, by its name.
    Account,
}

/// Something that moderators should look at.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ReportRequest {
    /// What is reported.
    kind: ReportKind,
    /// The post or comment.
    id: Option<Uuid>,
    /// The account.
    username: Option<String>,
    /// Why, 1 to 1,000 characters.
    reason: String,
}

impl Example for ReportRequest {
    fn example() -> Self {
        Self {
            kind: ReportKind::Account,
            id: None,
            username: Some("mallory".into()),
            reason: "Advertising in every thread.".into(),
        }
    }
}

impl ReportRequest {
    fn wanted(&mut self) -> Result<Wanted, Error> {
        let wrong = |field, message| Error::from(FieldError::new(field, "kind", message));
        match (self.kind, self.id, self.username.take()) {
            (ReportKind::Post, Some(id), None) => Ok(Wanted::Post(id)),
            (ReportKind::Comment, Some(id), None) => Ok(Wanted::Comment(id)),
            (ReportKind::Account, None, Some(name)) => Ok(Wanted::Account(name)),
            (ReportKind::Account, ..) => {
                Err(wrong("username", "must be there for an account, and no id"))
            }
            _ => Err(wrong("id", "must be there for a post or comment, and no username")),
        }
    }
}

/// A report as who filed it sees it: nothing of what is reported but its id.
#[derive(Debug, Object, Serialize)]
struct ReportView {
    /// Opaque.
    id: Uuid,
    /// `post`, `comment` or `account`.
    kind: String,
    /// The id of what is reported.
    target_id: Uuid,
    /// Why.
    reason: String,
    /// When, RFC 3339.
    created_at: Time,
}

impl From<Filed> for ReportView {
    fn from(report: Filed) -> Self {
        Self {
            id: report.id.0,
            kind: report.target.kind().to_owned(),
            target_id: report.target.id(),
            reason: report.reason,
            created_at: report.created_at.into(),
        }
    }
}

#[derive(ApiResponse)]
enum Reported {
    /// Moderators will look at it.
    #[oai(status = 201)]
    Done(Rendered<ReportView>),
}

/// Reporting.
#[derive(Clone)]
pub struct ReportsApi {
    /// The feature.
    pub reports: Reports,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Moderation")]
impl ReportsApi {
    /// Report something to those who moderate
    ///
    /// For everybody who is signed in and can see it; once while it waits.
    /// Reports of accounts go to the admins.
    #[oai(path = "/reports", method = "post", operation_id = "create_report")]
    async fn create(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<ReportRequest>,
    ) -> Result<Reported, Problem> {
        let mut request = body.0;
        let wanted = request.wanted()?;
        let filed = self.reports.file(&actor, wanted, &request.reason).await?;
        Ok(Reported::Done(Rendered::new(&filed.into())))
    }
}
