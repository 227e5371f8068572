//! Writing, reading and taking back comments.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{
        Access, Approved, Comment, CommentEdit, CommentKey, CommentSort, CommentText, Draft,
        NewComment, Place, Spot, Written, unknown_parent,
    },
    rules,
    store::{self, NewRow},
};
use crate::{
    attachments::{self, Attachments, Use},
    base::{
        Error,
        actor::{Actor, Viewer},
        clock::Timestamp,
        ids::{CommentId, PostId},
        markdown,
        page::{Page, PageRequest},
    },
    db::{Db, Tx},
    decisions::TargetKind,
    events::{self, Event, Origin},
    hooks::{Content, ContentKind, Operation},
    http::{Action, RateLimits},
    posts::{self, Ground, Posts},
    publishing::{
        self, ContentState, Judged, Marks, Publishing, Refused, Revision, Tallies, Waiting,
    },
};

/// What comments are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub limits: Arc<RateLimits>,
    pub posts: Posts,
    pub publishing: Publishing,
}

/// Comments; cheap to clone.
#[derive(Clone)]
pub struct Comments {
    parts: Parts,
}

impl Comments {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// A comment as the viewer may see it.
    pub async fn access(&self, viewer: Viewer<'_>, id: CommentId) -> Result<Access, Error> {
        store::access(&self.parts.db, viewer, id, self.now()).await?.ok_or(Error::NotFound)
    }

    /// Comments of a post, tombstones included.
    pub async fn list(
        &self,
        viewer: Viewer<'_>,
        (post, sort): (PostId, CommentSort),
        page: &PageRequest<CommentKey>,
    ) -> Result<Page<Comment>, Error> {
        if page.after.is_some_and(|after| !after.is_of(sort)) {
            return Err(Error::invalid("cursor", "cursor", "is not a cursor of this list"));
        }
        let comments = store::list(&self.parts.db, viewer, (post, sort), page, self.now()).await?;
        let comments = comments.ok_or(Error::NotFound)?;
        Ok(Page::cut_by_size(comments, page.limit, Comment::size, |comment| {
            CommentKey::of(comment, sort)
        }))
    }

    /// Writes a comment.
    pub async fn create(&self, actor: &Actor, new: &NewComment) -> Result<Written, Error> {
        self.parts.limits.check_actor(Action::Comment, actor).await?;
        let media = Attachments::parse(&new.media)?;
        let draft = self.drafted(actor, new, Some(&media)).await?;
        let mut tx = self.parts.db.begin().await?;
        let Some(comment) = self.write(&mut tx, actor, &draft, &media).await? else {
            drop(tx);
            return Err(self.forbidden_meanwhile(actor, draft.ground.id).await);
        };
        tx.commit().await?;
        let Draft { ground, judged, .. } = draft;
        let access = Access { comment, ground, waiting: Waiting::default() };
        Ok(Written { access, judged: Some(judged) })
    }

    /// Checks a comment and has it judged; nothing is written.
    pub async fn draft(&self, actor: &Actor, new: &NewComment) -> Result<Draft, Error> {
        self.drafted(actor, new, None).await
    }

    async fn drafted(
        &self,
        actor: &Actor,
        new: &NewComment,
        wanted: Option<&Attachments>,
    ) -> Result<Draft, Error> {
        let text = CommentText::parse(&new.body)?;
        let (ground, spot) = self.spot(actor, new, CommentId::new(self.now())).await?;
        let content = content(spot.id, Operation::Create, (&ground, new.parent), &text);
        let judged = self
            .parts
            .publishing
            .judge(actor, &ground.place(), (TargetKind::Comment, content, wanted), recheck)
            .await?;
        drafted(ground, spot, judged).await
    }

    /// Where a comment goes, if its author may write it there.
    async fn spot(
        &self,
        actor: &Actor,
        new: &NewComment,
        id: CommentId,
    ) -> Result<(Ground, Spot), Error> {
        let now = self.now();
        let place = store::place(&self.parts.db, Some(actor), new.post, new.parent, now).await?;
        self.spot_at(actor, (new, id), place.ok_or(Error::NotFound)?).await
    }

    async fn spot_at(
        &self,
        actor: &Actor,
        (new, id): (&NewComment, CommentId),
        Place { ground, parent, slowed }: Place,
    ) -> Result<(Ground, Spot), Error> {
        if let Err(refusal) = posts::may_comment(&ground) {
            return Err(self.parts.posts.refused(actor, &ground, refusal).await);
        }
        if new.parent.is_some() && parent.is_none() {
            return Err(unknown_parent().into());
        }
        rules::may_answer(parent.as_ref())?;
        let (path, depth) = rules::place(id, parent.as_ref())?;
        let slowed = slowed && !ground.standing.moderates && actor.bot_of.is_none();
        let parent = parent.map(|parent| parent.id);
        Ok((ground, Spot { id, path, depth, parent, slowed }))
    }

    /// Checks a text that policies refused, as its author would send it now:
    /// `by` lets it through, however slow the thread is. Nothing is written.
    pub async fn overrule(
        &self,
        tx: &mut Tx,
        (by, author): (&Actor, &Actor),
        refused: &Refused,
    ) -> Result<Approved, Error> {
        let id = refused.content.id.parse::<Uuid>().map_err(Error::internal)?.into();
        let text = CommentText::of_content(&refused.content)?;
        if refused.content.operation == Operation::Create {
            let new = NewComment::of_content(&refused.content)?;
            let (place, now) = ((new.post, new.parent), self.now());
            let place = store::place_in(tx, Some(author), place, now).await?;
            let place = place.ok_or(Error::NotFound)?;
            let (ground, spot) = self.spot_at(author, (&new, id), place).await?;
            let content = content(id, Operation::Create, (&ground, new.parent), &text);
            let (place, terms) = ((author, ground.community), refused.terms.clone());
            let judged = Publishing::overrule(by, place, (TargetKind::Comment, content), terms)?;
            let draft = drafted(ground, Spot { slowed: false, ..spot }, judged).await?;
            return Ok(Approved::New(draft, refused.media.clone()));
        }
        let access = store::access_in(tx, Some(author), id, self.now()).await?;
        let access = access.ok_or(Error::NotFound)?;
        if let Err(refusal) = rules::may_edit(author, &access) {
            return Err(self.parts.posts.refused(author, &access.ground, refusal).await);
        }
        refused.check_unchanged(access.comment.edited_at)?;
        let kind = rules::judged_as(access.comment.state);
        let content = content(id, Operation::Edit, (&access.ground, access.comment.parent), &text);
        let place = (author, access.ground.community);
        let terms = refused.terms.clone();
        let judged = Publishing::overrule(by, place, (kind, content), terms)?;
        Ok(Approved::Edit { access: Box::new(access), judged, media: refused.media.clone() })
    }

    /// Publishes what was let through, as part of `tx`. `false` when something
    /// forbids it by now.
    pub async fn publish(
        &self,
        tx: &mut Tx,
        author: &Actor,
        approved: &Approved,
    ) -> Result<bool, Error> {
        match approved {
            Approved::New(draft, media) => {
                let (wanted, usage) = (media.as_ref(), Use::Comment(draft.spot.id));
                let media = attachments::still_usable(tx, author.id, wanted, usage).await?;
                let media = media.unwrap_or_default();
                Ok(self.write(tx, author, draft, &media).await?.is_some())
            }
            Approved::Edit { access, judged, media } => {
                let (wanted, usage) = (media.as_ref(), Use::Comment(access.comment.id));
                let media = attachments::still_usable(tx, author.id, wanted, usage).await?;
                self.put_edit(tx, author, access, (judged, media.as_ref())).await
            }
        }
    }

    /// Gives a comment these pictures and no others, as part of `tx`.
    async fn put_media(
        &self,
        tx: &mut Tx,
        (author, comment): (&Actor, &mut Comment),
        wanted: &Attachments,
        edited_at: Option<Timestamp>,
    ) -> Result<(), Error> {
        if wanted.are(&comment.media) {
            return Ok(());
        }
        let usage = Use::Comment(comment.id);
        comment.media = attachments::change(tx, author.id, wanted, usage, self.now()).await?;
        Ok(store::set_media(tx, comment.id, &comment.media, edited_at).await?)
    }

    /// Writes what was judged with its pictures, as part of `tx`, and then the record of the
    /// decisions. `None` when something forbids it by now.
    pub async fn write(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        draft: &Draft,
        media: &Attachments,
    ) -> Result<Option<Comment>, Error> {
        let Draft { ground, spot, text, html, judged } = draft;
        let (now, state, parent) = (self.now(), judged.state, spot.parent);
        let written_at = judged.written_at().unwrap_or(now);
        let new = NewRow {
            id: spot.id,
            post: ground.id,
            parent,
            author: actor,
            path: spot.path.clone(),
            depth: spot.depth,
            body: text.as_str(),
            html,
            state,
            written_at,
            now,
        };
        if spot.slowed {
            let free_at = store::slowed_until(tx, actor.id, ground.id, now).await?;
            rules::not_slowed(free_at, now)?;
        }
        if !store::insert(tx, &new).await? {
            return Ok(None);
        }
        if let (Some(parent), ContentState::Published) = (parent, state) {
            // It is published, so the thread shows it already.
            store::count_replies(tx, parent, 1).await?;
        }
        let mut comment = Comment {
            id: spot.id,
            post: ground.id,
            parent,
            depth: spot.depth,
            author: actor.id,
            author_name: actor.username.clone(),
            body: text.as_str().to_owned(),
            body_html: html.clone(),
            state,
            readable: true,
            locked: false,
            marks: Marks::default(),
            tallies: Tallies::default(),
            reply_count: 0,
            created_at: written_at,
            edited_at: None,
            my_vote: 0,
            media: Vec::new(),
        };
        self.put_media(tx, (actor, &mut comment), media, None).await?;
        self.parts.publishing.record(tx, judged).await?;
        Ok(Some(comment))
    }

    /// Changes the text and the pictures of a comment. One that has never been
    /// published stays as it is otherwise: a moderator still decides about it.
    pub async fn edit(
        &self,
        actor: &Actor,
        id: CommentId,
        edit: &CommentEdit,
    ) -> Result<Written, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let access = self.access(Some(actor), id).await?;
        if let Err(refusal) = rules::may_edit(actor, &access) {
            return Err(self.parts.posts.refused(actor, &access.ground, refusal).await);
        }
        let text = CommentText::parse(edit.body.as_deref().unwrap_or(&access.comment.body))?;
        let media = edit.media(&access.comment)?;
        if text.as_str() == access.comment.body {
            let Some(media) = media else { return Ok(Written { access, judged: None }) };
            self.change_media(actor, &access, &media).await?;
            return Ok(Written { access: self.access(Some(actor), id).await?, judged: None });
        }
        let kind = rules::judged_as(access.comment.state);
        let content = content(id, Operation::Edit, (&access.ground, access.comment.parent), &text);
        let judged = self
            .parts
            .publishing
            .judge(actor, &access.ground.place(), (kind, content, media.as_ref()), recheck)
            .await?;
        let mut tx = self.parts.db.begin().await?;
        if !self.put_edit(&mut tx, actor, &access, (&judged, media.as_ref())).await? {
            return Err(self.changed_meanwhile(actor, id).await);
        }
        tx.commit().await?;
        Ok(Written { access: self.access(Some(actor), id).await?, judged: Some(judged) })
    }

    /// Changes the pictures alone: plugins were asked about each when it came.
    async fn change_media(
        &self,
        actor: &Actor,
        access: &Access,
        media: &Attachments,
    ) -> Result<(), Error> {
        let (mut comment, now) = (access.comment.clone(), self.now());
        let mut tx = self.parts.db.begin().await?;
        if !store::is_editable(&mut tx, actor, &comment, now).await? {
            return Err(self.changed_meanwhile(actor, comment.id).await);
        }
        self.put_media(&mut tx, (actor, &mut comment), media, Some(now)).await?;
        if comment.state == ContentState::Published {
            let content = events::Content::Comment(comment.id.0);
            let event = Event::ContentPublished { content, edited: true };
            self.parts.publishing.announce(&mut tx, actor, event).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Puts a new text in the place of the old one, or lets it wait. `false` when
    /// something forbids it by now.
    async fn put_edit(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        access: &Access,
        (judged, media): (&Judged, Option<&Attachments>),
    ) -> Result<bool, Error> {
        let (seen, now) = (&access.comment, self.now());
        let text = CommentText::of_content(&judged.content)?;
        if judged.waits() {
            if !store::is_editable(tx, actor, seen, now).await? {
                return Ok(false);
            }
            let media = (actor.id, Use::Comment(seen.id), media);
            self.parts.publishing.put_pending(tx, judged, text.into(), media).await?;
        } else {
            let (body, html) = (text.as_str().to_owned(), markdown::html(text.as_str()).await);
            let times = (now, judged.written_at().unwrap_or(now));
            if !store::update_text(tx, actor, seen, (body, html), times).await? {
                return Ok(false);
            }
            if let Some(media) = media {
                self.put_media(tx, (actor, &mut seen.clone()), media, None).await?;
            }
            let old = Revision { title: None, body: seen.body.clone(), media: None };
            let replaced = (old, access.waiting.pending.is_some());
            self.parts.publishing.put_past(tx, judged, replaced).await?;
        }
        Ok(true)
    }

    /// Takes a comment back.
    pub async fn delete(&self, actor: &Actor, id: CommentId) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let access = self.access(Some(actor), id).await?;
        rules::may_delete(actor, &access)?;
        let (published, held) = (ContentState::Published, ContentState::Held);
        let mut tx = self.parts.db.begin().await?;
        if store::update_state(&mut tx, id, published, ContentState::Deleted).await? {
            store::discount(&mut tx, id).await?;
            leave_thread(&mut tx, id).await?;
        } else if !store::update_state(&mut tx, id, held, ContentState::Deleted).await? {
            return Err(Error::NotFound);
        }
        self.parts.publishing.forget(&mut tx, id.0).await?;
        let (content, by) = (events::Content::Comment(id.0), Origin::Author);
        let removed = Event::ContentRemoved { content, by };
        self.parts.publishing.announce(&mut tx, actor, removed).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Publishes a comment that is held; whether it was.
    pub async fn approve(&self, tx: &mut Tx, id: CommentId) -> Result<bool, Error> {
        if !store::update_state(tx, id, ContentState::Held, ContentState::Published).await? {
            return Ok(false);
        }
        if let Some(node) = store::node(tx, id).await? {
            store::count(tx, id).await?;
            enter_thread(tx, node.parent).await?;
        }
        Ok(true)
    }

    /// Takes a comment away that is published or held; whether it was. An edit that waits
    /// is left to the caller.
    pub async fn remove(&self, tx: &mut Tx, id: CommentId) -> Result<bool, Error> {
        use ContentState::{Held, Published, Removed};
        if !store::update_state(tx, id, Published, Removed).await? {
            return Ok(store::update_state(tx, id, Held, Removed).await?);
        }
        store::discount(tx, id).await?;
        leave_thread(tx, id).await?;
        Ok(true)
    }

    /// Publishes a comment that was removed; whether it was.
    pub async fn restore(&self, tx: &mut Tx, id: CommentId) -> Result<bool, Error> {
        use ContentState::{Published, Removed};
        if !store::update_state(tx, id, Removed, Published).await? {
            return Ok(false);
        }
        if let Some(node) = store::node(tx, id).await? {
            store::count(tx, id).await?;
            if node.reply_count == 0 {
                // Otherwise the thread has shown a tombstone in its place.
                enter_thread(tx, node.parent).await?;
            }
        }
        Ok(true)
    }

    /// Closes a comment and what is below it to answers, or opens it again;
    /// whether it was not so.
    pub async fn set_locked(
        &self,
        tx: &mut Tx,
        id: CommentId,
        locked: bool,
    ) -> Result<bool, Error> {
        Ok(store::update_locked(tx, id, locked).await?)
    }

    /// Sets a comment's public marks.
    pub async fn set_marks(&self, tx: &mut Tx, id: CommentId, marks: Marks) -> Result<(), Error> {
        Ok(store::update_marks(tx, id, marks).await?)
    }

    /// Publishes the edit that waits; whether one did.
    pub async fn approve_edit(&self, tx: &mut Tx, id: CommentId) -> Result<bool, Error> {
        let now = self.now();
        let Some(pending) = publishing::take_pending(tx, id.0, now).await? else {
            return Ok(false);
        };
        let html = markdown::html(&pending.body).await;
        let Some(old) = store::replace_text(tx, id, (pending.body, html), now).await? else {
            return Ok(false);
        };
        let old = Revision { title: None, body: old, media: None };
        publishing::keep_past(tx, id.0, old, now).await?;
        if let Some(waiting) = pending.media {
            let media = attachments::settle_waiting(tx, waiting, Use::Comment(id), now).await?;
            store::set_media(tx, id, &media, None).await?;
        }
        Ok(true)
    }

    /// Drops the edit that waits; whether one did.
    pub async fn drop_edit(&self, tx: &mut Tx, id: CommentId) -> Result<bool, Error> {
        publishing::drop_pending(tx, id.0, self.now()).await
    }

    /// Gives a comment the text back that its author wrote, in place of the text that
    /// a plugin made of it; whether that is still there.
    pub async fn put_back_text(
        &self,
        tx: &mut Tx,
        (made, wrote): (&Content, &Content),
    ) -> Result<bool, Error> {
        let id = wrote.id.parse::<Uuid>().map_err(Error::internal)?.into();
        let (made, wrote) = (CommentText::of_content(made)?, CommentText::of_content(wrote)?);
        let html = markdown::html(wrote.as_str()).await;
        if !store::put_back_text(tx, id, (made.as_str(), wrote.as_str()), html).await? {
            return Ok(false);
        }
        publishing::keep_past(tx, id.0, made.into(), self.now()).await?;
        Ok(true)
    }

    fn now(&self) -> Timestamp {
        self.parts.publishing.now()
    }

    async fn forbidden_meanwhile(&self, actor: &Actor, post: PostId) -> Error {
        let access = match self.parts.posts.access(Some(actor), post).await {
            Ok(access) => access,
            Err(error) => return error,
        };
        let ground = access.ground();
        match posts::may_comment(&ground) {
            Err(refusal) => self.parts.posts.refused(actor, &ground, refusal).await,
            // What was to be answered is gone, or closed.
            Ok(()) => unknown_parent().into(),
        }
    }

    async fn changed_meanwhile(&self, actor: &Actor, id: CommentId) -> Error {
        let access = match self.access(Some(actor), id).await {
            Ok(access) => access,
            Err(error) => return error,
        };
        match rules::may_edit(actor, &access) {
            Err(refusal) => self.parts.posts.refused(actor, &access.ground, refusal).await,
            Ok(()) => Error::conflict("changed_meanwhile", "It was changed in the meantime."),
        }
    }
}

/// A comment as it is written: the text with what plugins changed.
async fn drafted(ground: Ground, spot: Spot, judged: Judged) -> Result<Draft, Error> {
    let text = CommentText::of_content(&judged.content)?;
    let html = markdown::html(text.as_str()).await;
    Ok(Draft { ground, spot, text, html, judged })
}

/// A published comment is gone. Where it has no answers, the thread shows it no
/// longer; and what was a tombstone only for its sake goes with it.
async fn leave_thread(tx: &mut Tx, id: CommentId) -> Result<(), Error> {
    let mut next = store::node(tx, id).await?;
    while let Some(node) = next {
        if node.state == ContentState::Published || node.reply_count > 0 {
            break;
        }
        let Some(parent) = node.parent else { break };
        store::count_replies(tx, parent, -1).await?;
        next = store::node(tx, parent).await?;
    }
    Ok(())
}

/// A comment is published below `parent`. Where that one was gone from the
/// thread, it comes back as a tombstone.
async fn enter_thread(tx: &mut Tx, parent: Option<CommentId>) -> Result<(), Error> {
    let mut next = parent;
    while let Some(id) = next {
        let Some(node) = store::node(tx, id).await? else { break };
        store::count_replies(tx, id, 1).await?;
        if node.state == ContentState::Published || node.reply_count > 0 {
            break;
        }
        next = node.parent;
    }
    Ok(())
}

fn content(
    id: CommentId,
    operation: Operation,
    (ground, parent): (&Ground, Option<CommentId>),
    text: &CommentText,
) -> Content {
    Content {
        kind: ContentKind::Comment,
        operation,
        id: id.to_string(),
        post_id: Some(ground.id.to_string()),
        parent_id: parent.map(|parent| parent.to_string()),
        title: None,
        body: text.as_str().to_owned(),
    }
}

/// Holds what a plugin made of a comment to the rules of what people write.
fn recheck(content: &Content) -> Result<(), Error> {
    CommentText::of_content(content).map(drop)
}
