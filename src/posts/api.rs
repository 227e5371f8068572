//! `/posts`, and bans from posts.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Access, Post, PostEdit, PostFilter, PostSort, SearchTerms},
    service::{Posts, Written},
};
use crate::{
    attachments::AttachedView,
    bans::{BanCreated, BanList, BanRequest, Lifted},
    base::{
        Error,
        actor::Viewer,
        ids::PostId,
        page::{Page, PageRequest},
    },
    http::{ClientAddress, HotReads, Input, Problem, Rendered, Tag, Time},
    publishing::{ContentState, ModerationView},
    sessions::{SignedIn, Visitor},
};

/// A post that is to be written.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct PostRequest {
    /// Slug of the community that it goes to.
    community: String,
    /// 3 to 200 characters.
    title: String,
    /// Markdown, at most 40,000 characters. `@name` notifies an account, at most ten people a
    /// text; a `notice` tells the author who was not notified. A text with so much markup that
    /// its HTML would have more than 16 KiB and more than 7 bytes a character is refused
    /// (`too_complex`).
    body: Option<String>,
    /// Pictures that one uploaded and that nothing uses, in their order; at most 8.
    media: Option<Vec<Uuid>>,
}

impl Example for PostRequest {
    fn example() -> Self {
        Self {
            community: "general".into(),
            title: "What are you reading?".into(),
            body: Some("I have just begun *Middlemarch*.".into()),
            media: None,
        }
    }
}

/// Changes to a post; what is absent stays.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct PostPatch {
    /// 3 to 200 characters.
    title: Option<String>,
    /// Markdown, at most 40,000 characters.
    body: Option<String>,
    /// All its pictures, in their order; at most 8. Those that it has may stay,
    /// others must be one's own and unused. What falls away is deleted a day later
    /// unless something uses it.
    media: Option<Vec<Uuid>>,
}

impl Example for PostPatch {
    fn example() -> Self {
        Self { title: None, body: Some("I have finished *Middlemarch*.".into()), media: None }
    }
}

/// The order of a list of posts.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
enum PostSortParam {
    /// By rank: votes against age.
    Hot,
    /// Newest first.
    New,
    /// Highest score first.
    Top,
}

impl From<PostSortParam> for PostSort {
    fn from(sort: PostSortParam) -> Self {
        match sort {
            PostSortParam::Hot => Self::Hot,
            PostSortParam::New => Self::New,
            PostSortParam::Top => Self::Top,
        }
    }
}

/// A post.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct PostView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// Slug of its community.
    community: String,
    /// Name of its author.
    author: String,
    /// One line.
    title: String,
    /// Markdown; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// HTML that any page may show; absent in lists. Links have `rel="nofollow ugc noopener"`
    /// and an absolute URL, `code` of a fenced block has `class="language-..."` where the block
    /// names one, and cells of an aligned column have `align`.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_html: Option<String>,
    /// Its pictures, in their order.
    media: Vec<AttachedView>,
    /// `published`, or for its author and those who moderate `held` or `removed`.
    state: String,
    /// Whether comments are closed.
    locked: bool,
    /// Public remarks: `sensitive`, `spoiler`.
    marks: Vec<String>,
    /// Votes in favour.
    ups: i64,
    /// Votes against.
    downs: i64,
    /// Up minus down votes.
    score: i64,
    /// Published comments.
    comment_count: i64,
    /// When it was written.
    created_at: Time,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Time>,
    /// One's own vote, 1, 0 or -1; absent for those who are not signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    my_vote: Option<i64>,
    /// What was decided about it; for its author and those who moderate.
    #[serde(skip_serializing_if = "Option::is_none")]
    moderation: Option<ModerationView>,
}

impl PostView {
    /// A post as in lists.
    pub fn listed(post: Post, viewer: Viewer<'_>) -> Self {
        Self {
            id: post.id.0,
            community: post.slug,
            author: post.author_name,
            title: post.title,
            body: None,
            body_html: None,
            state: post.state.as_str().to_owned(),
            locked: post.locked,
            marks: post.marks.names(),
            media: AttachedView::all(post.media),
            ups: post.tallies.ups,
            downs: post.tallies.downs,
            score: post.tallies.score(),
            comment_count: post.comment_count,
            created_at: post.created_at.into(),
            edited_at: post.edited_at.map(Time::from),
            my_vote: viewer.map(|_| post.my_vote),
            moderation: None,
        }
    }

    fn full(mut access: Access, viewer: Viewer<'_>) -> Self {
        let body = std::mem::take(&mut access.post.body);
        let body_html = std::mem::take(&mut access.post.body_html);
        let told = access.may_see_waiting(viewer.map(|actor| actor.id));
        let moderation =
            told.then(|| ModerationView::of_stored(access.post.state, access.waiting)).flatten();
        Self {
            body: Some(body),
            body_html: Some(body_html),
            moderation,
            ..Self::listed(access.post, viewer)
        }
    }

    fn written(written: Written, viewer: Viewer<'_>) -> Self {
        let Written { access, judged } = written;
        let Some(judged) = judged else { return Self::full(access, viewer) };
        let pending = access.waiting.pending.clone();
        let mut view = Self::full(access, viewer);
        let waiting = judged.state == ContentState::Held && view.state == "published";
        let decided = ModerationView::of_judged(&judged);
        view.moderation = match decided {
            Some(decided) if waiting => Some(decided.with_pending(pending)),
            Some(decided) => Some(decided),
            None => view.moderation,
        };
        view
    }
}

/// Posts.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct PostList {
    /// This page.
    items: Vec<PostView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl PostList {
    fn new(page: Page<Post>, viewer: Viewer<'_>) -> Self {
        let page = page.map(|post| PostView::listed(post, viewer));
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

#[derive(ApiResponse)]
enum PostCreated {
    /// The post is published.
    #[oai(status = 201)]
    Published(Rendered<PostView>, #[oai(header = "Location")] String),
    /// The post waits for a moderator; `moderation` says why.
    #[oai(status = 202)]
    Held(Rendered<PostView>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum PostEdited {
    /// The post is changed.
    #[oai(status = 200)]
    Published(Rendered<PostView>),
    /// The change waits for a moderator; `moderation` says why.
    #[oai(status = 202)]
    Held(Rendered<PostView>),
}

#[derive(ApiResponse)]
enum PostDeleted {
    /// The post is gone.
    #[oai(status = 204)]
    Done,
}

/// Operations on posts.
#[derive(Clone)]
pub struct PostsApi {
    /// The feature.
    pub posts: Posts,
    /// Reads for those who are not signed in.
    pub hot: HotReads,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Posts")]
impl PostsApi {
    /// List posts
    ///
    /// For everybody. Without bodies. A cursor is good for the list it came from.
    #[oai(path = "/posts", method = "get", operation_id = "list_posts")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        Visitor(viewer): Visitor,
        client: ClientAddress,
        /// Only those of a community, by slug.
        community: Query<Option<String>>,
        /// Only those of an author, by name.
        author: Query<Option<String>>,
        /// Only those with these words.
        query: Query<Option<String>>,
        /// `hot` (the default): votes against age; `new`; `top`: highest score. With `query`,
        /// `hot` and `top` put the 1,000 newest matches in order.
        sort: Query<Option<PostSortParam>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<PostList>, Problem> {
        let viewer = viewer.as_ref();
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let terms = query.0.as_deref().map(SearchTerms::parse).transpose().map_err(Error::from)?;
        if terms.is_some() {
            self.posts.count_search(client).await?;
        }
        let filter = PostFilter { community: community.0, author: author.0, terms };
        let sort = sort.0.map(PostSort::from).unwrap_or_default();
        let list = async {
            let posts = self.posts.list(viewer, (&filter, sort), &page).await?;
            Ok(PostList::new(posts, viewer))
        };
        let key = || format!("list_posts {filter:?} {sort:?} {page:?}");
        Ok(self.hot.read(viewer, key, list).await?)
    }

    /// Write a post
    ///
    /// For everybody who is signed in and not banned from posting there. Plugins
    /// are asked; what they hold waits for a moderator. The author's vote is in
    /// favour to begin with.
    #[oai(path = "/posts", method = "post", operation_id = "create_post")]
    async fn create(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<PostRequest>,
    ) -> Result<PostCreated, Problem> {
        let PostRequest { community, title, body, media } = body.0;
        let text = (title.as_str(), body.as_deref().unwrap_or_default());
        let written =
            self.posts.create(&actor, &community, text, &media.unwrap_or_default()).await?;
        let location = format!("/api/v1/posts/{}", written.access.post.id);
        let state = written.access.post.state;
        let view = Rendered::new(&PostView::written(written, Some(&actor)));
        Ok(match state {
            ContentState::Published => PostCreated::Published(view, location),
            _ => PostCreated::Held(view, location),
        })
    }

    /// Show a post
    ///
    /// For everybody; a post that is held or removed for its author and those
    /// who moderate.
    #[oai(path = "/posts/:id", method = "get", operation_id = "get_post")]
    async fn get(
        &self,
        Visitor(viewer): Visitor,
        /// The post's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<PostView>, Problem> {
        let (viewer, id) = (viewer.as_ref(), PostId(id.0));
        let get = async { Ok(PostView::full(self.posts.access(viewer, id).await?, viewer)) };
        Ok(self.hot.read(viewer, || format!("get_post {id}"), get).await?)
    }

    /// Edit a post
    ///
    /// For its author. Plugins are asked again about the text; a change that they
    /// hold waits for a moderator with its pictures, and what is published stands
    /// until then.
    #[oai(path = "/posts/:id", method = "patch", operation_id = "edit_post")]
    async fn edit(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        body: Input<PostPatch>,
    ) -> Result<PostEdited, Problem> {
        let PostPatch { title, body, media } = body.0;
        let edit = PostEdit { title, body, media };
        let written = self.posts.edit(&actor, id.0.into(), &edit).await?;
        let held = written.judged.as_ref().is_some_and(|judged| judged.state == ContentState::Held);
        let view = Rendered::new(&PostView::written(written, Some(&actor)));
        Ok(if held { PostEdited::Held(view) } else { PostEdited::Published(view) })
    }

    /// Take a post back
    ///
    /// For its author. It is then gone for everybody, with its comments.
    #[oai(path = "/posts/:id", method = "delete", operation_id = "delete_post")]
    async fn delete(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
    ) -> Result<PostDeleted, Problem> {
        self.posts.delete(&actor, id.0.into()).await?;
        Ok(PostDeleted::Done)
    }

    /// List bans from a post
    ///
    /// For its author and those who moderate. Newest first, those that are over
    /// included.
    #[oai(
        path = "/posts/:id/bans",
        method = "get",
        operation_id = "list_post_bans",
        tag = "Tag::Bans"
    )]
    async fn bans(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<BanList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let bans = self.posts.bans(&actor, id.0.into(), &page).await?;
        Ok(Rendered::new(&BanList::new(bans, self.posts.now())))
    }

    /// Ban somebody from a post
    ///
    /// For its author and those who moderate, who cannot be banned themselves.
    #[oai(
        path = "/posts/:id/bans",
        method = "post",
        operation_id = "create_post_ban",
        tag = "Tag::Bans"
    )]
    async fn ban(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        body: Input<BanRequest>,
    ) -> Result<BanCreated, Problem> {
        let parse = |scope: &_, now| body.0.parse(scope, now);
        let ban = self.posts.ban(&actor, id.0.into(), parse).await?;
        Ok(BanCreated::new(&format!("/posts/{}/bans", id.0), ban, self.posts.now()))
    }

    /// Lift a ban from a post
    ///
    /// For its author and those who moderate.
    #[oai(
        path = "/posts/:id/bans/:ban_id",
        method = "delete",
        operation_id = "lift_post_ban",
        tag = "Tag::Bans"
    )]
    async fn lift_ban(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        /// The ban's id.
        ban_id: Path<Uuid>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<Lifted, Problem> {
        let (post, ban, reason) = (id.0.into(), ban_id.0.into(), reason.0.as_deref());
        Ok(self.posts.lift_ban(&actor, post, ban, reason).await?.into())
    }
}
