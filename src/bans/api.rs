//! `/bans` and `/me/bans`, and what bans look like everywhere.

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Ban, Deed, NewBan, Scope, Wanted},
    service::{Bans, site_staff},
};
use crate::{
    base::{
        Error,
        actor::Agent,
        clock::Timestamp,
        page::{Page, PageRequest},
    },
    http::{Input, Problem, Rendered, Tag, Time},
    mod_actions::{Acted, PendingView},
    sessions::SignedIn,
};

/// A ban that is to be set.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct BanRequest {
    /// Whom it is for.
    username: String,
    /// What it forbids: any of `view`, `comment`, `vote` and, but for a single
    /// post, `post`.
    deeds: Vec<String>,
    /// When it ends, RFC 3339; absent is never.
    until: Option<String>,
    /// Why, at most 1,000 characters; told to the one who is banned.
    reason: Option<String>,
    /// Removes what the account wrote within the scope of the ban, and takes its votes
    /// there back, in the background: see `GET /bans/{id}/content-removal`. Lifting the
    /// ban restores nothing; `POST /undos` with `ban_id` restores all of it.
    remove_content: Option<RemoveContent>,
}

/// What a ban removes.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct RemoveContent {
    /// Only what is no older than so many hours: 1 to 720.
    hours: u32,
}

impl Example for RemoveContent {
    fn example() -> Self {
        Self { hours: 24 }
    }
}

impl Example for BanRequest {
    fn example() -> Self {
        Self {
            username: "mallory".into(),
            deeds: vec!["comment".into(), "vote".into()],
            until: Some("2030-01-31T12:00:00Z".into()),
            reason: Some("Advertising in every thread.".into()),
            remove_content: None,
        }
    }
}

impl BanRequest {
    /// Checks it for a scope.
    pub fn parse(&self, scope: &Scope, now: Timestamp) -> Result<NewBan, Error> {
        let wanted = Wanted {
            username: &self.username,
            deeds: &self.deeds,
            reason: self.reason.as_deref().unwrap_or_default(),
            until: self.until.as_deref(),
            remove_hours: self.remove_content.as_ref().map(|wanted| wanted.hours),
        };
        NewBan::parse(wanted, scope, now)
    }
}

/// A ban.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct BanView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// Where it holds: `site`, `community` or `post`.
    scope: String,
    /// Slug of the community, in lists, for a ban from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// The post, for a ban from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<Uuid>,
    /// Who is banned.
    username: String,
    /// What is forbidden.
    deeds: Vec<String>,
    /// Why.
    reason: String,
    /// `active`, `expired` or `lifted`.
    state: String,
    /// Who set it; for those who may ban there.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    /// The plugin whose effect it is; for those who may ban there.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<String>,
    /// When it was set.
    created_at: Time,
    /// When it ends; absent is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// Who lifted it; for those who may ban there.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifted_by: Option<String>,
    /// When it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifted_at: Option<Time>,
}

impl BanView {
    fn new(ban: Ban, now: Timestamp) -> Self {
        Self {
            id: ban.id.0,
            state: ban.state(now).as_str().to_owned(),
            scope: ban.scope,
            community: ban.community,
            post_id: ban.post.map(|post| post.0),
            username: ban.username,
            deeds: ban.deeds.iter().map(Deed::as_str).map(str::to_owned).collect(),
            reason: ban.reason,
            created_by: ban.created_by,
            plugin: ban.plugin,
            created_at: ban.created_at.into(),
            until: ban.until.map(Time::from),
            lifted_by: ban.lifted_by,
            lifted_at: ban.lifted_at.map(Time::from),
        }
    }

    /// Without the names of those who decided: they answer as the forum's staff.
    fn for_its_target(self) -> Self {
        Self { created_by: None, plugin: None, lifted_by: None, ..self }
    }
}

/// Bans, newest first, those that are over included.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct BanList {
    /// This page.
    items: Vec<BanView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl BanList {
    /// A page of bans as those see it who may ban there.
    pub fn new(page: Page<Ban>, now: Timestamp) -> Self {
        let page = page.map(|ban| BanView::new(ban, now));
        Self { items: page.items, next_cursor: page.next_cursor }
    }

    fn for_its_target(page: Page<Ban>, now: Timestamp) -> Self {
        let page = page.map(|ban| BanView::new(ban, now).for_its_target());
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

/// Answer to a ban that was set.
#[derive(Debug, ApiResponse)]
pub enum BanCreated {
    /// The ban is in force.
    #[oai(status = 201)]
    Created(Rendered<BanView>, #[oai(header = "Location")] String),
    /// A policy wants another moderator to ask for the same within a day.
    #[oai(status = 202)]
    NeedsSecond(Rendered<PendingView>),
}

impl BanCreated {
    /// The answer for a ban of the list at `path`.
    pub fn new(path: &str, acted: Acted<Ban>, now: Timestamp) -> Self {
        let ban = match acted {
            Acted::Done(ban) => ban,
            Acted::NeedsSecond(pending) => {
                return Self::NeedsSecond(Rendered::new(&PendingView::from(pending)));
            }
        };
        let location = format!("/api/v1{path}/{}", ban.id);
        Self::Created(Rendered::new(&BanView::new(ban, now)), location)
    }
}

/// Answer to a ban that was lifted.
#[derive(Debug, ApiResponse)]
pub enum Lifted {
    /// The ban is over.
    #[oai(status = 204)]
    Done,
    /// A policy wants another moderator to ask for the same within a day.
    #[oai(status = 202)]
    NeedsSecond(Rendered<PendingView>),
}

impl From<Acted<()>> for Lifted {
    fn from(acted: Acted<()>) -> Self {
        match acted {
            Acted::Done(()) => Self::Done,
            Acted::NeedsSecond(pending) => {
                Self::NeedsSecond(Rendered::new(&PendingView::from(pending)))
            }
        }
    }
}

/// Operations on bans from the whole site, and on one's own bans.
#[derive(Clone)]
pub struct BansApi {
    /// The feature.
    pub bans: Bans,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Bans")]
impl BansApi {
    /// List bans from the site
    ///
    /// For admins. Newest first, those that are over included.
    #[oai(path = "/bans", method = "get", operation_id = "list_site_bans")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<BanList>, Problem> {
        site_staff(&actor)?;
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let bans = self.bans.list(&Scope::Site, &page).await?;
        Ok(Rendered::new(&BanList::new(bans, self.bans.now())))
    }

    /// Ban somebody from the site
    ///
    /// For admins. Admins cannot be banned.
    #[oai(path = "/bans", method = "post", operation_id = "create_site_ban")]
    async fn create(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<BanRequest>,
    ) -> Result<BanCreated, Problem> {
        site_staff(&actor)?;
        let new = body.0.parse(&Scope::Site, self.bans.now())?;
        let ban = self.bans.create(Agent::Person(&actor), &Scope::Site, new).await?;
        Ok(BanCreated::new("/bans", ban, self.bans.now()))
    }

    /// Lift a ban from the site
    ///
    /// For admins.
    #[oai(path = "/bans/:id", method = "delete", operation_id = "lift_site_ban")]
    async fn lift(
        &self,
        SignedIn(actor): SignedIn,
        /// The ban's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Lifted, Problem> {
        site_staff(&actor)?;
        let reason = reason.0.as_deref();
        Ok(self.bans.lift(&actor, &Scope::Site, id.0.into(), reason).await?.into())
    }

    /// List one's own bans
    ///
    /// For everybody who is signed in, whatever the bans forbid.
    #[oai(path = "/me/bans", method = "get", operation_id = "list_own_bans")]
    async fn list_own(
        &self,
        SignedIn(actor): SignedIn,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<BanList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let bans = self.bans.of_actor(&actor, &page).await?;
        Ok(Rendered::new(&BanList::for_its_target(bans, self.bans.now())))
    }
}
