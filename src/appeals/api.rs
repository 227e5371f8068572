//! `/appeals`.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Against, Appeal, AppealState},
    service::Appeals,
};
use crate::{
    base::page::{Page, PageRequest},
    http::{Input, Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// What can be appealed.
#[derive(Clone, Copy, Debug, Enum, Deserialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum AgainstName {
    /// A ban, by its id.
    Ban,
    /// A removal, by the `removal_id` that the author sees.
    Removal,
    /// A warning, by its id.
    Warning,
    /// A policy's refusal, by the decision's id.
    Rejection,
}

impl From<AgainstName> for Against {
    fn from(against: AgainstName) -> Self {
        match against {
            AgainstName::Ban => Self::Ban,
            AgainstName::Removal => Self::Removal,
            AgainstName::Warning => Self::Warning,
            AgainstName::Rejection => Self::Rejection,
        }
    }
}

/// A state to look for.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
enum AppealStateParam {
    /// Still waits.
    Open,
    /// What it was against was reversed.
    Granted,
    /// It was not.
    Denied,
}

impl From<AppealStateParam> for AppealState {
    fn from(state: AppealStateParam) -> Self {
        match state {
            AppealStateParam::Open => Self::Open,
            AppealStateParam::Granted => Self::Granted,
            AppealStateParam::Denied => Self::Denied,
        }
    }
}

/// An appeal that is to be made.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct AppealRequest {
    /// What kind of thing it is against.
    against: AgainstName,
    /// Its id.
    id: Uuid,
    /// Why it was wrong, 1 to 4,000 characters.
    text: String,
}

impl Example for AppealRequest {
    fn example() -> Self {
        Self {
            against: AgainstName::Ban,
            id: Uuid::from_u128(0x0199_c1a0_6f3e_7d52_a1c4_5b7f_0e2d_9a11),
            text: "I was quoting the rules.".into(),
        }
    }
}

/// A decision on an appeal.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct AppealDecision {
    /// Whether what it is against is reversed.
    grant: bool,
    /// For the one who appealed, at most 1,000 characters.
    note: Option<String>,
}

impl Example for AppealDecision {
    fn example() -> Self {
        Self { grant: false, note: Some("It was the third time.".into()) }
    }
}

/// An appeal.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct AppealView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// `ban`, `removal`, `warning` or `rejection`.
    against: String,
    /// Its id.
    subject_id: Uuid,
    /// Whose it is.
    username: String,
    /// Slug of the community; absent for the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// What they say.
    text: String,
    /// `open`, `granted` or `denied`.
    state: String,
    /// When it was made, RFC 3339.
    created_at: Time,
    /// Name of who decided; for those who may decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    /// When, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Time>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// `true` when a person decided about their own act or appeal, because nobody else could;
    /// absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_matter: Option<bool>,
}

impl From<Appeal> for AppealView {
    fn from(appeal: Appeal) -> Self {
        let names_staff = appeal.moderates && !appeal.is_own;
        Self {
            id: appeal.id.0,
            against: appeal.against.as_str().to_owned(),
            subject_id: appeal.subject,
            username: appeal.username,
            community: appeal.community,
            text: appeal.text,
            state: appeal.state.as_str().to_owned(),
            created_at: appeal.created_at.into(),
            decided_by: appeal.decided_by.filter(|_| names_staff),
            decided_at: appeal.decided_at.map(Time::from),
            note: appeal.note,
            own_matter: appeal.own_matter.then_some(true),
        }
    }
}

/// Appeals, the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct AppealList {
    /// This page.
    items: Vec<AppealView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<Page<Appeal>> for AppealList {
    fn from(page: Page<Appeal>) -> Self {
        let page = page.map(AppealView::from);
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

#[derive(ApiResponse)]
enum Appealed {
    /// Somebody will decide.
    #[oai(status = 201)]
    Done(Rendered<AppealView>),
}

/// Operations on appeals.
#[derive(Clone)]
pub struct AppealsApi {
    /// The feature.
    pub appeals: Appeals,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Moderation")]
impl AppealsApi {
    /// Appeal
    ///
    /// For the one who was struck, once for each ban, removal, warning or
    /// refusal, while it stands.
    #[oai(path = "/appeals", method = "post", operation_id = "create_appeal")]
    async fn submit(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<AppealRequest>,
    ) -> Result<Appealed, Problem> {
        let AppealRequest { against, id, text } = body.0;
        let appeal = self.appeals.submit(&actor, (against.into(), id), &text).await?;
        Ok(Appealed::Done(Rendered::new(&appeal.into())))
    }

    /// List appeals
    ///
    /// For everybody who is signed in, one's own; for those who moderate, those of their communities as well; for
    /// admins, all. Newest first.
    #[oai(path = "/appeals", method = "get", operation_id = "list_appeals")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// In this state.
        state: Query<Option<AppealStateParam>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<AppealList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let page = self.appeals.list(&actor, state.0.map(AppealState::from), &page).await?;
        Ok(Rendered::new(&AppealList::from(page)))
    }

    /// Decide an appeal
    ///
    /// For moderators of its community and for admins. 403 `own_matter` for the account
    /// that appealed and for the person who did what is appealed, while another moderator
    /// or admin can decide. What is granted is reversed at once: a ban lifted, a warning
    /// withdrawn, content restored, what a policy refused published in its
    /// author's name. What cannot be reversed any more: 409, and why.
    #[oai(path = "/appeals/:id/resolution", method = "post", operation_id = "decide_appeal")]
    async fn decide(
        &self,
        SignedIn(actor): SignedIn,
        /// The appeal's id.
        id: Path<Uuid>,
        body: Input<AppealDecision>,
    ) -> Result<Appealed, Problem> {
        let AppealDecision { grant, note } = body.0;
        let decision = (grant, note.as_deref().unwrap_or_default());
        let appeal = self.appeals.decide(&actor, id.0.into(), decision).await?;
        Ok(Appealed::Done(Rendered::new(&appeal.into())))
    }
}
