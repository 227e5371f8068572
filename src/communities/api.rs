//! `/communities`, their members, moderators and bans.

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Community, CommunityEdit, Moderator, NEVER, NewCommunity},
    service::Communities,
};
use crate::{
    bans::{BanCreated, BanList, BanRequest, Lifted},
    base::page::{Page, PageRequest},
    http::{HotReads, Input, Problem, Rendered, Tag, Time},
    sessions::{SignedIn, Visitor},
};

/// A community that is to be made.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct CommunityRequest {
    /// Its name in addresses: 3 to 30 of `a` to `z`, digits and `-`.
    slug: String,
    /// Its name for people, 1 to 100 characters.
    name: String,
    /// What it is about, at most 5,000 characters.
    description: Option<String>,
}

impl Example for CommunityRequest {
    fn example() -> Self {
        Self {
            slug: "gardening".into(),
            name: "Gardening".into(),
            description: Some("Soil, seeds and seasons.".into()),
        }
    }
}

/// Changes to a community; what is absent stays.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct CommunityPatch {
    /// 1 to 100 characters.
    name: Option<String>,
    /// At most 5,000 characters.
    description: Option<String>,
}

impl Example for CommunityPatch {
    fn example() -> Self {
        Self { name: None, description: Some("Soil, seeds, seasons and slugs.".into()) }
    }
}

/// A community.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct CommunityView {
    /// Opaque.
    id: Uuid,
    /// Its name in addresses.
    slug: String,
    /// Its name for people.
    name: String,
    /// What it is about.
    description: String,
    /// Members, moderators included.
    member_count: i64,
    /// Published posts.
    post_count: i64,
    /// When it was made.
    created_at: Time,
    /// What the one who asks is in it: `member` or `moderator`; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    my_role: Option<String>,
}

impl From<Community> for CommunityView {
    fn from(community: Community) -> Self {
        Self {
            id: community.id.0,
            slug: community.slug,
            name: community.name,
            description: community.description,
            member_count: community.member_count,
            post_count: community.post_count,
            created_at: community.created_at.into(),
            my_role: community.my_role.map(|role| role.as_str().to_owned()),
        }
    }
}

/// Communities, by slug.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct CommunityList {
    /// This page.
    items: Vec<CommunityView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<Page<Community>> for CommunityList {
    fn from(page: Page<Community>) -> Self {
        let page = page.map(CommunityView::from);
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

/// A moderator of a community.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ModeratorView {
    /// Name.
    username: String,
    /// The place among the moderators: 1 for the owner, then by time of appointment.
    rank: i64,
    /// When the moderator was appointed, RFC 3339; absent if that is not on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointed_at: Option<Time>,
    /// When the moderator became a member, RFC 3339.
    joined_at: Time,
}

/// Moderators, by rank.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct ModeratorList {
    /// This page.
    items: Vec<ModeratorView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<Page<Moderator>> for ModeratorList {
    fn from(page: Page<Moderator>) -> Self {
        let page = page.map(|moderator| ModeratorView {
            username: moderator.username,
            rank: moderator.rank,
            appointed_at: (moderator.appointed_at != NEVER).then(|| moderator.appointed_at.into()),
            joined_at: moderator.joined_at.into(),
        });
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

#[derive(ApiResponse)]
enum CommunityCreated {
    /// The community is there; who made it moderates it.
    #[oai(status = 201)]
    Created(Rendered<CommunityView>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum MembershipChanged {
    /// It is so now, whatever it was before.
    #[oai(status = 204)]
    Done,
}

/// Operations on communities.
#[derive(Clone)]
pub struct CommunitiesApi {
    /// The feature.
    pub communities: Communities,
    /// Lists for those who are not signed in.
    pub hot: HotReads,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Communities")]
impl CommunitiesApi {
    /// List communities
    ///
    /// For everybody. By slug.
    #[oai(path = "/communities", method = "get", operation_id = "list_communities")]
    async fn list(
        &self,
        Visitor(viewer): Visitor,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<CommunityList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let list =
            async { self.communities.list(viewer.as_ref(), &page).await.map(CommunityList::from) };
        Ok(self.hot.read(viewer.as_ref(), || format!("list_communities {page:?}"), list).await?)
    }

    /// Make a community
    ///
    /// For admins, and for everybody who is signed in where the forum's settings say so.
    #[oai(path = "/communities", method = "post", operation_id = "create_community")]
    async fn create(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<CommunityRequest>,
    ) -> Result<CommunityCreated, Problem> {
        let CommunityRequest { slug, name, description } = body.0;
        let new = NewCommunity::parse(&slug, &name, description.as_deref().unwrap_or_default())?;
        let community = self.communities.create(&actor, new).await?;
        let location = format!("/api/v1/communities/{}", community.slug);
        Ok(CommunityCreated::Created(Rendered::new(&community.into()), location))
    }

    /// Show a community
    ///
    /// For everybody.
    #[oai(path = "/communities/:slug", method = "get", operation_id = "get_community")]
    async fn get(
        &self,
        Visitor(viewer): Visitor,
        /// The community.
        slug: Path<String>,
    ) -> Result<Rendered<CommunityView>, Problem> {
        let access = self.communities.find(viewer.as_ref(), &slug.0).await?;
        Ok(Rendered::new(&access.community.into()))
    }

    /// Edit a community
    ///
    /// For its moderators and for admins.
    #[oai(path = "/communities/:slug", method = "patch", operation_id = "edit_community")]
    async fn edit(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        body: Input<CommunityPatch>,
    ) -> Result<Rendered<CommunityView>, Problem> {
        let CommunityPatch { name, description } = body.0;
        let edit = CommunityEdit::parse(name.as_deref(), description.as_deref())?;
        let community = self.communities.edit(&actor, &slug.0, edit).await?;
        Ok(Rendered::new(&community.into()))
    }

    /// Join a community
    ///
    /// For everybody who is signed in. Joining twice changes nothing.
    #[oai(path = "/communities/:slug/membership", method = "put", operation_id = "join_community")]
    async fn join(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
    ) -> Result<Rendered<CommunityView>, Problem> {
        let community = self.communities.join(&actor, &slug.0).await?;
        Ok(Rendered::new(&community.into()))
    }

    /// Leave a community
    ///
    /// For everybody who is signed in. A moderator who leaves moderates no longer.
    #[oai(
        path = "/communities/:slug/membership",
        method = "delete",
        operation_id = "leave_community"
    )]
    async fn leave(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
    ) -> Result<MembershipChanged, Problem> {
        self.communities.leave(&actor, &slug.0).await?;
        Ok(MembershipChanged::Done)
    }

    /// List a community's moderators
    ///
    /// For everybody. By rank: the owner first, then by time of appointment.
    #[oai(path = "/communities/:slug/moderators", method = "get", operation_id = "list_moderators")]
    async fn moderators(
        &self,
        Visitor(viewer): Visitor,
        /// The community.
        slug: Path<String>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<ModeratorList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let moderators = self.communities.moderators(viewer.as_ref(), &slug.0, &page).await?;
        Ok(Rendered::new(&moderators.into()))
    }

    /// Appoint a moderator
    ///
    /// For the community's moderators and for admins. The new moderator has the lowest
    /// rank, and is a member from now on. The appointment is in the log.
    #[oai(
        path = "/communities/:slug/moderators/:username",
        method = "put",
        operation_id = "appoint_moderator"
    )]
    async fn appoint(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        /// The name of the new moderator.
        username: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<MembershipChanged, Problem> {
        let reason = reason.0.as_deref();
        self.communities.appoint(&actor, &slug.0, &username.0, reason).await?;
        Ok(MembershipChanged::Done)
    }

    /// Dismiss a moderator
    ///
    /// For admins, for moderators who were appointed earlier, and for the moderator, who
    /// resigns. Others get 403 `outranked`. The moderator stays a member. The dismissal is
    /// in the log.
    #[oai(
        path = "/communities/:slug/moderators/:username",
        method = "delete",
        operation_id = "dismiss_moderator"
    )]
    async fn dismiss(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        /// The name of the moderator.
        username: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<MembershipChanged, Problem> {
        let reason = reason.0.as_deref();
        self.communities.dismiss(&actor, &slug.0, &username.0, reason).await?;
        Ok(MembershipChanged::Done)
    }

    /// List bans from a community
    ///
    /// For its moderators and for admins. Newest first, those that are over included.
    #[oai(
        path = "/communities/:slug/bans",
        method = "get",
        operation_id = "list_community_bans",
        tag = "Tag::Bans"
    )]
    async fn bans(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<BanList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let bans = self.communities.bans(&actor, &slug.0, &page).await?;
        Ok(Rendered::new(&BanList::new(bans, self.communities.now())))
    }

    /// Ban somebody from a community
    ///
    /// For its moderators and for admins, who cannot be banned themselves.
    #[oai(
        path = "/communities/:slug/bans",
        method = "post",
        operation_id = "create_community_ban",
        tag = "Tag::Bans"
    )]
    async fn ban(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        body: Input<BanRequest>,
    ) -> Result<BanCreated, Problem> {
        let parse = |scope: &_, now| body.0.parse(scope, now);
        let ban = self.communities.ban(&actor, &slug.0, parse).await?;
        let path = format!("/communities/{}/bans", slug.0);
        Ok(BanCreated::new(&path, ban, self.communities.now()))
    }

    /// Lift a ban from a community
    ///
    /// For its moderators and for admins.
    #[oai(
        path = "/communities/:slug/bans/:id",
        method = "delete",
        operation_id = "lift_community_ban",
        tag = "Tag::Bans"
    )]
    async fn lift_ban(
        &self,
        SignedIn(actor): SignedIn,
        /// The community.
        slug: Path<String>,
        /// The ban's id.
        id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Lifted, Problem> {
        let (ban, reason) = (id.0.into(), reason.0.as_deref());
        Ok(self.communities.lift_ban(&actor, &slug.0, ban, reason).await?.into())
    }
}
