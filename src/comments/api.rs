//! `/comments`, and those of a post.

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Access, Comment, CommentEdit, CommentSort, NewComment, Written},
    service::Comments,
};
use crate::{
    attachments::AttachedView,
    base::{
        actor::Viewer,
        ids::PostId,
        page::{Page, PageRequest},
    },
    http::{HotReads, Input, Problem, Rendered, Tag, Time},
    publishing::{ContentState, ModerationView, Tallies},
    sessions::{SignedIn, Visitor},
};

/// A comment that is to be written.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct CommentRequest {
    /// The comment that it answers; absent for the post itself.
    parent_id: Option<Uuid>,
    /// Markdown, 1 to 10,000 characters. `@name` notifies an account, at most ten people a
    /// text; a `notice` tells the author who was not notified. A text with so much markup that
    /// its HTML would have more than 16 KiB and more than 7 bytes a character is refused
    /// (`too_complex`).
    body: String,
    /// Pictures that one uploaded and that nothing uses, in their order; at most 8.
    media: Option<Vec<Uuid>>,
}

impl Example for CommentRequest {
    fn example() -> Self {
        Self { parent_id: None, body: "I liked the *first* half more.".into(), media: None }
    }
}

/// Changes to a comment; what is absent stays.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct CommentPatch {
    /// Markdown, 1 to 10,000 characters.
    body: Option<String>,
    /// All its pictures, in their order; at most 8. Those that it has may stay,
    /// others must be one's own and unused. What falls away is deleted a day later
    /// unless something uses it.
    media: Option<Vec<Uuid>>,
}

impl Example for CommentPatch {
    fn example() -> Self {
        Self { body: Some("I liked the *second* half more.".into()), media: None }
    }
}

/// The order of a list of comments.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename_all = "snake_case")]
enum CommentSortParam {
    /// As one reads: every comment is followed by its answers.
    Thread,
    /// Newest first.
    New,
    /// Highest score first.
    Top,
}

impl From<CommentSortParam> for CommentSort {
    fn from(sort: CommentSortParam) -> Self {
        match sort {
            CommentSortParam::Thread => Self::Thread,
            CommentSortParam::New => Self::New,
            CommentSortParam::Top => Self::Top,
        }
    }
}

/// A comment. One that is gone and has answers is shown without text and author.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct CommentView {
    /// Opaque, in the order of time.
    id: Uuid,
    /// The post that it belongs to.
    post_id: Uuid,
    /// The comment that it answers; absent for the post itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<Uuid>,
    /// How many comments are above it in the thread.
    depth: i64,
    /// Name of its author; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    /// Markdown; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// HTML that any page may show, as that of a post; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_html: Option<String>,
    /// `published`; `deleted` or `removed` when it is gone; for its author and
    /// those who moderate also `held` or `removed`.
    state: String,
    /// Whether answers are closed, here and below.
    locked: bool,
    /// Public remarks: `sensitive`, `spoiler`.
    marks: Vec<String>,
    /// Its pictures, in their order.
    media: Vec<AttachedView>,
    /// Votes in favour.
    ups: i64,
    /// Votes against.
    downs: i64,
    /// Up minus down votes.
    score: i64,
    /// Answers that the thread shows.
    reply_count: i64,
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

impl CommentView {
    /// A comment as in lists.
    pub fn listed(comment: Comment, viewer: Viewer<'_>) -> Self {
        let readable = comment.readable;
        let tallies = if readable { comment.tallies } else { Tallies::default() };
        Self {
            id: comment.id.0,
            post_id: comment.post.0,
            parent_id: comment.parent.map(|parent| parent.0),
            depth: comment.depth,
            author: readable.then_some(comment.author_name),
            body: readable.then_some(comment.body),
            body_html: readable.then_some(comment.body_html),
            state: comment.state.as_str().to_owned(),
            locked: comment.locked,
            marks: if readable { comment.marks.names() } else { Vec::new() },
            ups: tallies.ups,
            downs: tallies.downs,
            score: tallies.score(),
            media: AttachedView::all(if readable { comment.media } else { Vec::new() }),
            reply_count: comment.reply_count,
            created_at: comment.created_at.into(),
            edited_at: comment.edited_at.filter(|_| readable).map(Time::from),
            my_vote: viewer.filter(|_| readable).map(|_| comment.my_vote),
            moderation: None,
        }
    }

    fn full(access: Access, viewer: Viewer<'_>) -> Self {
        let told = access.may_see_waiting(viewer.map(|actor| actor.id));
        let state = access.comment.state;
        let moderation = told.then(|| ModerationView::of_stored(state, access.waiting)).flatten();
        Self { moderation, ..Self::listed(access.comment, viewer) }
    }

    fn written(written: Written, viewer: Viewer<'_>) -> Self {
        let Written { access, judged } = written;
        let pending = access.waiting.pending.clone();
        let mut view = Self::full(access, viewer);
        let Some(judged) = judged else { return view };
        let waiting = judged.state == ContentState::Held && view.state == "published";
        view.moderation = match ModerationView::of_judged(&judged) {
            Some(decided) if waiting => Some(decided.with_pending(pending)),
            Some(decided) => Some(decided),
            None => view.moderation,
        };
        view
    }
}

/// Comments.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct CommentList {
    /// This page.
    items: Vec<CommentView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl CommentList {
    fn new(page: Page<Comment>, viewer: Viewer<'_>) -> Self {
        let page = page.map(|comment| CommentView::listed(comment, viewer));
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

#[derive(ApiResponse)]
enum CommentCreated {
    /// The comment is published.
    #[oai(status = 201)]
    Published(Rendered<CommentView>, #[oai(header = "Location")] String),
    /// The comment waits for a moderator; `moderation` says why.
    #[oai(status = 202)]
    Held(Rendered<CommentView>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum CommentEdited {
    /// The comment is changed.
    #[oai(status = 200)]
    Published(Rendered<CommentView>),
    /// The change waits for a moderator; `moderation` says why.
    #[oai(status = 202)]
    Held(Rendered<CommentView>),
}

#[derive(ApiResponse)]
enum CommentDeleted {
    /// The comment is gone.
    #[oai(status = 204)]
    Done,
}

/// Operations on comments.
#[derive(Clone)]
pub struct CommentsApi {
    /// The feature.
    pub comments: Comments,
    /// Reads for those who are not signed in.
    pub hot: HotReads,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Comments")]
impl CommentsApi {
    /// List comments of a post
    ///
    /// For everybody who may see the post. Flat: `parent_id` and `depth` make
    /// the thread. A cursor is good for the list it came from.
    #[oai(path = "/posts/:id/comments", method = "get", operation_id = "list_comments")]
    async fn list(
        &self,
        Visitor(viewer): Visitor,
        /// The post's id.
        id: Path<Uuid>,
        /// `thread` (the default): as one reads; `new`; `top`: highest score.
        sort: Query<Option<CommentSortParam>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100. A page whose texts have more than 1 MiB has fewer.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<CommentList>, Problem> {
        let (viewer, post) = (viewer.as_ref(), PostId(id.0));
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let sort = sort.0.map(CommentSort::from).unwrap_or_default();
        let list = async {
            let comments = self.comments.list(viewer, (post, sort), &page).await?;
            Ok(CommentList::new(comments, viewer))
        };
        let key = || format!("list_comments {post} {sort:?} {page:?}");
        Ok(self.hot.read(viewer, key, list).await?)
    }

    /// Write a comment
    ///
    /// For everybody who is signed in and not banned from commenting there.
    /// Plugins are asked; what they hold waits for a moderator.
    #[oai(path = "/posts/:id/comments", method = "post", operation_id = "create_comment")]
    async fn create(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        body: Input<CommentRequest>,
    ) -> Result<CommentCreated, Problem> {
        let CommentRequest { parent_id, body, media } = body.0;
        let (post, parent) = (id.0.into(), parent_id.map(Into::into));
        let new = NewComment { post, parent, body, media: media.unwrap_or_default() };
        let written = self.comments.create(&actor, &new).await?;
        let location = format!("/api/v1/comments/{}", written.access.comment.id);
        let state = written.access.comment.state;
        let view = Rendered::new(&CommentView::written(written, Some(&actor)));
        Ok(match state {
            ContentState::Published => CommentCreated::Published(view, location),
            _ => CommentCreated::Held(view, location),
        })
    }

    /// Show a comment
    ///
    /// For everybody who may see its post; a comment that is held or removed for
    /// its author and those who moderate.
    #[oai(path = "/comments/:id", method = "get", operation_id = "get_comment")]
    async fn get(
        &self,
        Visitor(viewer): Visitor,
        /// The comment's id.
        id: Path<Uuid>,
    ) -> Result<Rendered<CommentView>, Problem> {
        let access = self.comments.access(viewer.as_ref(), id.0.into()).await?;
        Ok(Rendered::new(&CommentView::full(access, viewer.as_ref())))
    }

    /// Edit a comment
    ///
    /// For its author. Plugins are asked again about the text; a change that they
    /// hold waits for a moderator with its pictures, and what is published stands
    /// until then.
    #[oai(path = "/comments/:id", method = "patch", operation_id = "edit_comment")]
    async fn edit(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        body: Input<CommentPatch>,
    ) -> Result<CommentEdited, Problem> {
        let CommentPatch { body, media } = body.0;
        let edit = CommentEdit { body, media };
        let written = self.comments.edit(&actor, id.0.into(), &edit).await?;
        let held = written.judged.as_ref().is_some_and(|judged| judged.state == ContentState::Held);
        let view = Rendered::new(&CommentView::written(written, Some(&actor)));
        Ok(if held { CommentEdited::Held(view) } else { CommentEdited::Published(view) })
    }

    /// Take a comment back
    ///
    /// For its author. Where it has answers, the thread shows that it was there.
    #[oai(path = "/comments/:id", method = "delete", operation_id = "delete_comment")]
    async fn delete(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
    ) -> Result<CommentDeleted, Problem> {
        self.comments.delete(&actor, id.0.into()).await?;
        Ok(CommentDeleted::Done)
    }
}
