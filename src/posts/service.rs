//! Writing, reading and taking back posts, and bans from them.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    model::{Access, Ground, Post, PostEdit, PostFilter, PostKey, PostSort, PostText},
    rules::{self, Refusal},
    store::{self, NewRow},
};
use crate::{
    attachments::{self, Attachments, Use},
    bans::{Ban, Bans, Deed, NewBan, Scope},
    base::{
        Error,
        actor::{Actor, Agent, Viewer},
        clock::Timestamp,
        ids::{BanId, PostId},
        markdown,
        page::{Page, PageRequest},
    },
    communities::{Communities, CommunityAccess},
    db::{Db, Tx},
    decisions::TargetKind,
    events::{self, Event, Origin},
    hooks::{Content, ContentKind, Operation},
    http::{Action, ClientAddress, RateLimits},
    mod_actions::Acted,
    publishing::{self, ContentState, Judged, Marks, Place, Publishing, Refused, Tallies, Waiting},
};

/// What posts are made of.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub limits: Arc<RateLimits>,
    pub bans: Bans,
    pub communities: Communities,
    pub publishing: Publishing,
}

/// Posts; cheap to clone.
#[derive(Clone)]
pub struct Posts {
    parts: Parts,
}

/// A post that has been written, as its author sees it, and what was decided.
#[derive(Debug)]
pub struct Written {
    /// The post; after an edit that is held, as it was.
    pub access: Access,
    /// The text that was written, and its verdict; `None` when nothing changed.
    pub judged: Option<Judged>,
}

/// A text that policies refused and a person lets through, checked as its
/// author's.
#[derive(Debug)]
pub enum Approved {
    /// A post that was never there.
    New {
        /// Where it goes.
        found: CommunityAccess,
        /// What it says.
        judged: Judged,
        /// Its pictures.
        media: Option<Attachments>,
    },
    /// New words for a post.
    Edit {
        /// The post as it stands.
        access: Box<Access>,
        /// What it is to say.
        judged: Judged,
        /// The pictures that it is to have.
        media: Option<Attachments>,
    },
}

impl Posts {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// What time it is for posts.
    pub fn now(&self) -> Timestamp {
        self.parts.publishing.now()
    }

    /// A post as the viewer may see it.
    pub async fn access(&self, viewer: Viewer<'_>, id: PostId) -> Result<Access, Error> {
        store::access(&self.parts.db, viewer, id, self.now()).await?.ok_or(Error::NotFound)
    }

    /// Posts that the viewer may see, without their bodies.
    pub async fn list(
        &self,
        viewer: Viewer<'_>,
        (filter, sort): (&PostFilter, PostSort),
        page: &PageRequest<PostKey>,
    ) -> Result<Page<Post>, Error> {
        if page.after.is_some_and(|after| !after.is_of(sort)) {
            return Err(Error::invalid("cursor", "cursor", "is not a cursor of this list"));
        }
        let posts = store::list(&self.parts.db, viewer, (filter, sort), page, self.now()).await?;
        Ok(Page::cut(posts, page.limit, |post| PostKey::of(post, sort)))
    }

    /// Counts a search for words.
    pub async fn count_search(&self, client: ClientAddress) -> Result<(), Error> {
        self.parts.limits.check_network(Action::SearchNetwork, client).await
    }

    /// Writes a post.
    pub async fn create(
        &self,
        actor: &Actor,
        community: &str,
        (title, body): (&str, &str),
        media: &[Uuid],
    ) -> Result<Written, Error> {
        self.parts.limits.check_actor(Action::Post, actor).await?;
        let text = PostText::parse(title, body)?;
        let media = Attachments::parse(media)?;
        let found = self.community(actor, community).await?;
        let place = Place {
            community: found.community.id,
            slug: &found.community.slug,
            standing: found.standing,
        };
        if !place.standing.allows(Deed::Post) {
            return Err(self.parts.bans.refusal(actor, Deed::Post, place.community, None).await);
        }
        let id = PostId::new(self.now());
        let content = content(id, Operation::Create, &text);
        let judged = self
            .parts
            .publishing
            .judge(actor, &place, (TargetKind::Post, content, Some(&media)), recheck)
            .await?;
        let mut tx = self.parts.db.begin().await?;
        let written = self.write(&mut tx, actor, &place, (&judged, &media)).await?;
        let Some(post) = written else {
            drop(tx);
            return Err(self.parts.bans.refusal(actor, Deed::Post, place.community, None).await);
        };
        tx.commit().await?;
        let access = Access { post, standing: place.standing, waiting: Waiting::default() };
        Ok(Written { access, judged: Some(judged) })
    }

    /// Checks a text that policies refused, as its author would send it now:
    /// `by` lets it through. Nothing is written.
    pub async fn overrule(
        &self,
        tx: &mut Tx,
        (by, author): (&Actor, &Actor),
        refused: &Refused,
    ) -> Result<Approved, Error> {
        let id = refused.content.id.parse::<Uuid>().map_err(Error::internal)?.into();
        let text = PostText::of_content(&refused.content)?;
        if refused.content.operation == Operation::Create {
            let communities = &self.parts.communities;
            let found = communities.find_in(tx, Some(author), &refused.community).await?;
            let community = found.community.id;
            if !found.standing.allows(Deed::Post) {
                return Err(self.parts.bans.refusal(author, Deed::Post, community, None).await);
            }
            let content = (TargetKind::Post, content(id, Operation::Create, &text));
            let place = (author, community);
            let judged = Publishing::overrule(by, place, content, refused.terms.clone())?;
            return Ok(Approved::New { found, judged, media: refused.media.clone() });
        }
        let access = store::access_in(tx, Some(author), id, self.now()).await?;
        let access = access.ok_or(Error::NotFound)?;
        if let Err(refusal) = rules::may_edit(author, &access) {
            return Err(self.refused(author, &access.ground(), refusal).await);
        }
        refused.check_unchanged(access.post.edited_at)?;
        let content = (rules::judged_as(access.post.state), content(id, Operation::Edit, &text));
        let (place, terms) = ((author, access.post.community), refused.terms.clone());
        let judged = Publishing::overrule(by, place, content, terms)?;
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
            Approved::New { found, judged, media } => {
                let CommunityAccess { community, standing } = found;
                let place =
                    Place { community: community.id, slug: &community.slug, standing: *standing };
                let (wanted, usage) = (media.as_ref(), Use::Post(judged.id().into()));
                let media = attachments::still_usable(tx, author.id, wanted, usage).await?;
                let media = media.unwrap_or_default();
                Ok(self.write(tx, author, &place, (judged, &media)).await?.is_some())
            }
            Approved::Edit { access, judged, media } => {
                let (wanted, usage) = (media.as_ref(), Use::Post(access.post.id));
                let media = attachments::still_usable(tx, author.id, wanted, usage).await?;
                self.put_edit(tx, author, access, (judged, media.as_ref())).await
            }
        }
    }

    /// Gives a post these pictures and no others, as part of `tx`.
    async fn put_media(
        &self,
        tx: &mut Tx,
        (author, post): (&Actor, &mut Post),
        wanted: &Attachments,
        edited_at: Option<Timestamp>,
    ) -> Result<(), Error> {
        if wanted.are(&post.media) {
            return Ok(());
        }
        let usage = Use::Post(post.id);
        post.media = attachments::change(tx, author.id, wanted, usage, self.now()).await?;
        Ok(store::set_media(tx, post.id, &post.media, edited_at).await?)
    }

    /// Writes what was judged with its pictures, as part of `tx`, and then the record of the
    /// decisions. `None` when something forbids it by now.
    async fn write(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        place: &Place<'_>,
        (judged, media): (&Judged, &Attachments),
    ) -> Result<Option<Post>, Error> {
        let id = judged.id().into();
        let text = PostText::of_content(&judged.content)?;
        let html = markdown::html(&text.body).await;
        let (now, state) = (self.now(), judged.state);
        let written_at = judged.written_at().unwrap_or(now);
        let hot = publishing::hot(1, written_at);
        let community = place.community;
        let new = NewRow { id, community, author: actor, state, hot, written_at, now };
        if !store::insert(tx, &new, text.clone(), html.clone()).await? {
            return Ok(None);
        }
        store::insert_own_vote(tx, id, actor.id, written_at).await?;
        if state == ContentState::Published {
            store::count(tx, id, 1).await?;
        }
        let mut post = Post {
            id,
            community: place.community,
            slug: place.slug.to_owned(),
            author: actor.id,
            author_name: actor.username.clone(),
            title: text.title,
            body: text.body,
            body_html: html,
            state,
            locked: false,
            marks: Marks::default(),
            tallies: Tallies { ups: 1, downs: 0 },
            hot,
            comment_count: 0,
            created_at: written_at,
            edited_at: None,
            my_vote: 1,
            media: Vec::new(),
        };
        self.put_media(tx, (actor, &mut post), media, None).await?;
        self.parts.publishing.record(tx, judged).await?;
        Ok(Some(post))
    }

    /// Changes the text and the pictures of a post. One that has never been
    /// published stays as it is otherwise: a moderator still decides about it.
    pub async fn edit(&self, actor: &Actor, id: PostId, edit: &PostEdit) -> Result<Written, Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let access = self.access(Some(actor), id).await?;
        if let Err(refusal) = rules::may_edit(actor, &access) {
            return Err(self.refused(actor, &access.ground(), refusal).await);
        }
        let (text, media) = (edit.apply(&access.post)?, edit.media(&access.post)?);
        if (&text.title, &text.body) == (&access.post.title, &access.post.body) {
            let Some(media) = media else { return Ok(Written { access, judged: None }) };
            self.change_media(actor, &access, &media).await?;
            return Ok(Written { access: self.access(Some(actor), id).await?, judged: None });
        }
        let kind = rules::judged_as(access.post.state);
        let content = content(id, Operation::Edit, &text);
        let judged = self
            .parts
            .publishing
            .judge(actor, &access.ground().place(), (kind, content, media.as_ref()), recheck)
            .await?;
        self.write_edit(actor, &access, (&judged, media.as_ref())).await?;
        Ok(Written { access: self.access(Some(actor), id).await?, judged: Some(judged) })
    }

    async fn write_edit(
        &self,
        actor: &Actor,
        access: &Access,
        edit: (&Judged, Option<&Attachments>),
    ) -> Result<(), Error> {
        let mut tx = self.parts.db.begin().await?;
        if !self.put_edit(&mut tx, actor, access, edit).await? {
            return Err(self.changed_meanwhile(actor, access.post.id).await);
        }
        Ok(tx.commit().await?)
    }

    /// Changes the pictures alone: plugins were asked about each when it came.
    async fn change_media(
        &self,
        actor: &Actor,
        access: &Access,
        media: &Attachments,
    ) -> Result<(), Error> {
        let (mut post, now) = (access.post.clone(), self.now());
        let mut tx = self.parts.db.begin().await?;
        if !store::is_editable(&mut tx, actor, &post, now).await? {
            return Err(self.changed_meanwhile(actor, post.id).await);
        }
        self.put_media(&mut tx, (actor, &mut post), media, Some(now)).await?;
        if post.state == ContentState::Published {
            let content = events::Content::Post(post.id.0);
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
        let (seen, now) = (&access.post, self.now());
        let text = PostText::of_content(&judged.content)?;
        if judged.waits() {
            if !store::is_editable(tx, actor, seen, now).await? {
                return Ok(false);
            }
            let media = (actor.id, Use::Post(seen.id), media);
            self.parts.publishing.put_pending(tx, judged, text.into(), media).await?;
        } else {
            let html = markdown::html(&text.body).await;
            let times = (now, judged.written_at().unwrap_or(now));
            if !store::update_text(tx, actor, seen, (text, html), times).await? {
                return Ok(false);
            }
            let old = PostText { title: seen.title.clone(), body: seen.body.clone() };
            if let Some(media) = media {
                self.put_media(tx, (actor, &mut seen.clone()), media, None).await?;
            }
            let replaced = (old.into(), access.waiting.pending.is_some());
            self.parts.publishing.put_past(tx, judged, replaced).await?;
        }
        Ok(true)
    }

    /// Takes a post back.
    pub async fn delete(&self, actor: &Actor, id: PostId) -> Result<(), Error> {
        self.parts.limits.check_actor(Action::Write, actor).await?;
        let access = self.access(Some(actor), id).await?;
        rules::may_delete(actor, &access)?;
        let mut tx = self.parts.db.begin().await?;
        if store::update_state(&mut tx, id, ContentState::Published, ContentState::Deleted).await? {
            store::count(&mut tx, id, -1).await?;
        } else if !store::update_state(&mut tx, id, ContentState::Held, ContentState::Deleted)
            .await?
        {
            return Err(Error::NotFound);
        }
        self.parts.publishing.forget(&mut tx, id.0).await?;
        let (content, by) = (events::Content::Post(id.0), Origin::Author);
        let removed = Event::ContentRemoved { content, by };
        self.parts.publishing.announce(&mut tx, actor, removed).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Publishes a post that is held; whether it was.
    pub async fn approve(&self, tx: &mut Tx, id: PostId) -> Result<bool, Error> {
        let held = store::update_state(tx, id, ContentState::Held, ContentState::Published).await?;
        if held {
            store::count(tx, id, 1).await?;
        }
        Ok(held)
    }

    /// Takes a post away that is published or held; whether it was. An edit that waits
    /// is left to the caller.
    pub async fn remove(&self, tx: &mut Tx, id: PostId) -> Result<bool, Error> {
        use ContentState::{Held, Published, Removed};
        if store::update_state(tx, id, Published, Removed).await? {
            store::count(tx, id, -1).await?;
            return Ok(true);
        }
        Ok(store::update_state(tx, id, Held, Removed).await?)
    }

    /// Publishes a post that was removed; whether it was.
    pub async fn restore(&self, tx: &mut Tx, id: PostId) -> Result<bool, Error> {
        use ContentState::{Published, Removed};
        let removed = store::update_state(tx, id, Removed, Published).await?;
        if removed {
            store::count(tx, id, 1).await?;
        }
        Ok(removed)
    }

    /// Closes a post to comments or opens it again; whether it was not so.
    pub async fn set_locked(&self, tx: &mut Tx, id: PostId, locked: bool) -> Result<bool, Error> {
        Ok(store::update_locked(tx, id, locked).await?)
    }

    /// Sets a post's public marks.
    pub async fn set_marks(&self, tx: &mut Tx, id: PostId, marks: Marks) -> Result<(), Error> {
        Ok(store::update_marks(tx, id, marks).await?)
    }

    /// Publishes the edit that waits; whether one did.
    pub async fn approve_edit(&self, tx: &mut Tx, id: PostId) -> Result<bool, Error> {
        let now = self.now();
        let Some(pending) = publishing::take_pending(tx, id.0, now).await? else {
            return Ok(false);
        };
        let text = PostText { title: pending.title.unwrap_or_default(), body: pending.body };
        let html = markdown::html(&text.body).await;
        let Some(old) = store::replace_text(tx, id, (text, html), now).await? else {
            return Ok(false);
        };
        publishing::keep_past(tx, id.0, old.into(), now).await?;
        if let Some(waiting) = pending.media {
            let media = attachments::settle_waiting(tx, waiting, Use::Post(id), now).await?;
            store::set_media(tx, id, &media, None).await?;
        }
        Ok(true)
    }

    /// Drops the edit that waits; whether one did.
    pub async fn drop_edit(&self, tx: &mut Tx, id: PostId) -> Result<bool, Error> {
        publishing::drop_pending(tx, id.0, self.now()).await
    }

    /// Gives a post the text back that its author wrote, in place of the text that a
    /// plugin made of it; whether that is still there. When it was edited stays as
    /// it is.
    pub async fn put_back_text(
        &self,
        tx: &mut Tx,
        (made, wrote): (&Content, &Content),
    ) -> Result<bool, Error> {
        let id = wrote.id.parse::<Uuid>().map_err(Error::internal)?.into();
        let (made, wrote) = (PostText::of_content(made)?, PostText::of_content(wrote)?);
        let html = markdown::html(&wrote.body).await;
        if !store::put_back_text(tx, id, (&made, &wrote), html).await? {
            return Ok(false);
        }
        publishing::keep_past(tx, id.0, made.into(), self.now()).await?;
        Ok(true)
    }

    /// Bans from a post.
    pub async fn bans(
        &self,
        actor: &Actor,
        id: PostId,
        page: &PageRequest<BanId>,
    ) -> Result<Page<Ban>, Error> {
        self.parts.bans.list(&self.ban_scope(actor, id).await?, page).await
    }

    /// Bans somebody from a post; `parse` checks the ban for its scope.
    pub async fn ban(
        &self,
        actor: &Actor,
        id: PostId,
        parse: impl FnOnce(&Scope, Timestamp) -> Result<NewBan, Error>,
    ) -> Result<Acted<Ban>, Error> {
        let scope = self.ban_scope(actor, id).await?;
        let new = parse(&scope, self.now())?;
        self.parts.bans.create(Agent::Person(actor), &scope, new).await
    }

    /// Lifts a ban from a post.
    pub async fn lift_ban(
        &self,
        actor: &Actor,
        id: PostId,
        ban: BanId,
        reason: Option<&str>,
    ) -> Result<Acted<()>, Error> {
        self.parts.bans.lift(actor, &self.ban_scope(actor, id).await?, ban, reason).await
    }

    async fn ban_scope(&self, actor: &Actor, id: PostId) -> Result<Scope, Error> {
        let access = self.access(Some(actor), id).await?;
        rules::may_ban(actor, &access)?;
        let Post { community, author, .. } = access.post;
        Ok(Scope::Post { id, community, author })
    }

    /// The error for a refusal, with a ban's reason.
    pub async fn refused(&self, actor: &Actor, ground: &Ground, refusal: Refusal) -> Error {
        match refusal {
            Refusal::Banned(deed) => {
                let Ground { id, community, .. } = ground;
                self.parts.bans.refusal(actor, deed, *community, Some(*id)).await
            }
            Refusal::Other(error) => error,
        }
    }

    async fn changed_meanwhile(&self, actor: &Actor, id: PostId) -> Error {
        let access = match self.access(Some(actor), id).await {
            Ok(access) => access,
            Err(error) => return error,
        };
        match rules::may_edit(actor, &access) {
            Err(refusal) => self.refused(actor, &access.ground(), refusal).await,
            Ok(()) => Error::conflict("changed_meanwhile", "It was changed in the meantime."),
        }
    }

    async fn community(&self, actor: &Actor, slug: &str) -> Result<CommunityAccess, Error> {
        match self.parts.communities.find(Some(actor), slug).await {
            Err(Error::NotFound) => {
                Err(Error::invalid("community", "unknown", "is not the slug of a community"))
            }
            other => other,
        }
    }
}

fn content(id: PostId, operation: Operation, text: &PostText) -> Content {
    Content {
        kind: ContentKind::Post,
        operation,
        id: id.to_string(),
        post_id: None,
        parent_id: None,
        title: Some(text.title.clone()),
        body: text.body.clone(),
    }
}

/// Holds what a plugin made of a post to the rules of what people write.
fn recheck(content: &Content) -> Result<(), Error> {
    PostText::of_content(content).map(drop)
}
