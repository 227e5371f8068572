//! Tells the story to an empty forum, through the doors that everybody uses:
//! people register, sign in, write and vote, and the policy reads along. Which
//! of them votes for what is a rule and not chance, so that every demo forum is
//! the same but for its ids, its times and its password.

use std::{
    collections::{HashSet, VecDeque},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{
    super::logging,
    ADMIN,
    story::{AUTOMOD, NewPlace, Person, RULES, Story, Topic},
};
use crate::{
    accounts::{Applicant, Registered},
    app::App,
    base::{
        Error,
        actor::Actor,
        ids::{CommentId, PostId},
        page::{MAX_LIMIT, PageRequest},
        secret::Secret,
    },
    comments::{Comment, CommentSort, NewComment},
    communities::NewCommunity,
    hooks::Mode,
    http::ClientAddress,
    plugin_admin::{Change, NewBinding},
    posts::{Post, PostFilter, PostSort},
    publishing::ContentState,
    sessions::Device,
    votes::{Subject, VoteValue},
};

/// Where everybody seems to be.
const HERE: ClientAddress = ClientAddress(IpAddr::V4(Ipv4Addr::LOCALHOST));

/// How many posts are written between two lines that tell how far it is.
const TOLD_EVERY: usize = 10;

/// A forum that is being filled; `step` is what its clock moves on by.
pub(super) struct Filling<'a> {
    app: &'a App,
    story: &'a Story,
    password: &'a Secret<String>,
    step: Duration,
    /// Access tokens, in the order of the accounts.
    tokens: Vec<Secret<String>>,
    /// Texts so far.
    texts: usize,
    /// Posts of an earlier attempt, the oldest first.
    posts: VecDeque<Post>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(
        app: &'a App,
        story: &'a Story,
        password: &'a Secret<String>,
        step: Duration,
    ) -> Self {
        let (tokens, posts) = (Vec::new(), VecDeque::new());
        Self { app, story, password, step, tokens, texts: 0, posts }
    }

    /// Tells the whole story, or what is missing of it. `known` are the accounts that are
    /// there.
    pub(super) async fn run(mut self, known: &HashSet<String>) -> anyhow::Result<()> {
        let story = self.story;
        let (host, others) = story.accounts.split_first().context("nobody is here")?;
        self.welcome(host, known).await.with_context(|| host.name.clone())?;
        // The policy is compiled while the others arrive.
        let (app, admin) = (self.app, self.actor(ADMIN).await?);
        logging::tell("Compiling the policy, which takes some seconds");
        let (bound, arrived) = tokio::join!(bind_automod(app, &admin), self.arrive(others, known));
        bound.context("automod").and(arrived)?;
        self.posts = self.written_posts(&admin).await?;
        let all = story.posts().count();
        for (done, (community, topic)) in story.posts().enumerate() {
            if done % TOLD_EVERY == 0 {
                logging::tell(&format!("Filling the forum: {done} of {all} posts"));
            }
            self.discuss(community, topic).await.with_context(|| topic.title.clone())?;
        }
        self.sign_out().await
    }

    /// The posts of an earlier attempt: nobody else writes here, so they are the first ones
    /// of the story.
    async fn written_posts(&self, admin: &Actor) -> anyhow::Result<VecDeque<Post>> {
        let (filter, all) = (PostFilter::default(), PageRequest { after: None, limit: MAX_LIMIT });
        let newest = self.app.forum.posts.list(Some(admin), (&filter, PostSort::New), &all).await?;
        Ok(newest.items.into_iter().rev().collect())
    }

    /// The comments of an earlier attempt, in the same way.
    async fn written_comments(&self, post: PostId) -> anyhow::Result<VecDeque<Comment>> {
        let (admin, all) =
            (self.actor(ADMIN).await?, PageRequest { after: None, limit: MAX_LIMIT });
        let comments = &self.app.forum.comments;
        let newest = comments.list(Some(&admin), (post, CommentSort::New), &all).await?;
        Ok(newest.items.into_iter().rev().collect())
    }

    /// Welcomes people, and makes the places where they meet.
    async fn arrive(&mut self, people: &[Person], known: &HashSet<String>) -> anyhow::Result<()> {
        for person in people {
            self.welcome(person, known).await.with_context(|| person.name.clone())?;
        }
        for place in &self.story.communities {
            if let Some(new) = &place.new {
                self.open(&place.slug, new).await.with_context(|| place.slug.clone())?;
            }
        }
        Ok(())
    }

    /// Makes an account if it is not known, and signs it in.
    async fn welcome(&mut self, person: &Person, known: &HashSet<String>) -> anyhow::Result<()> {
        let accounts = &self.app.accounts;
        let applicant = Applicant {
            username: person.name.clone(),
            email: format!("{}@example.org", person.name),
            password: self.password.clone(),
        };
        if known.contains(&person.name) {
            // Everything below is done once more, and comes to the same.
        } else if person.name == ADMIN {
            accounts.create_admin(applicant).await?;
        } else {
            let registered = accounts.register(applicant, HERE).await?;
            ensure!(matches!(registered, Registered::Active(_)), "the account is held");
        }
        let device = Device { address: HERE, user_agent: "gatherly serve --demo".to_owned() };
        let password = self.password.clone();
        let grant = self.app.sessions.sign_in(&person.name, password, &device).await?;
        self.tokens.push(grant.access_token);
        accounts.edit_me(&self.actor(&person.name).await?, &person.bio).await?;
        self.app.clock.advance(self.step);
        Ok(())
    }

    async fn open(&self, slug: &str, new: &NewPlace) -> anyhow::Result<()> {
        let admin = self.actor(ADMIN).await?;
        let communities = &self.app.forum.communities;
        match communities.find(Some(&admin), slug).await {
            Err(Error::NotFound) => {
                let community = NewCommunity::parse(slug, &new.name, &new.description)?;
                communities.create(&admin, community).await?;
            }
            found => drop(found?),
        }
        communities.appoint(&admin, slug, &new.moderator, None).await?;
        Ok(())
    }

    /// Writes a post and what is said about it.
    async fn discuss(&mut self, community: &str, topic: &Topic) -> anyhow::Result<()> {
        let author = self.actor(&topic.by).await?;
        self.app.forum.communities.join(&author, community).await?;
        let (post, mut written) = if let Some(post) = self.posts.pop_front() {
            let comments = self.written_comments(post.id).await?;
            (post, comments)
        } else {
            let text = (topic.title.as_str(), topic.body.as_str());
            let posts = &self.app.forum.posts;
            let post = posts.create(&author, community, text, &[]).await?.access.post;
            (post, VecDeque::new())
        };
        self.app.clock.advance(self.step);
        let is_published = post.state == ContentState::Published;
        ensure!(is_published || topic.comments.is_empty(), "who would see it?");
        if is_published {
            self.vote(&author, Subject::Post(post.id)).await?;
        }
        // The comments from the first of the thread to the last one said.
        let mut thread: Vec<CommentId> = Vec::new();
        for remark in &topic.comments {
            ensure!(remark.0 <= thread.len(), "{} answers a comment that is not there", remark.1);
            thread.truncate(remark.0);
            let author = self.actor(&remark.1).await?;
            let (id, state) = match written.pop_front() {
                Some(comment) => (comment.id, comment.state),
                None => self.remark(&author, (post.id, thread.last()), &remark.2).await?,
            };
            self.app.clock.advance(self.step);
            if state == ContentState::Published {
                thread.push(id);
                self.vote(&author, Subject::Comment(id)).await?;
            }
        }
        Ok(())
    }

    /// Writes a comment.
    async fn remark(
        &self,
        author: &Actor,
        (post, parent): (PostId, Option<&CommentId>),
        body: &str,
    ) -> anyhow::Result<(CommentId, ContentState)> {
        let (body, media) = (body.to_owned(), Vec::new());
        let new = NewComment { post, parent: parent.copied(), body, media };
        let comment = self.app.forum.comments.create(author, &new).await?.access.comment;
        Ok((comment.id, comment.state))
    }

    /// Lets the others vote for a text.
    async fn vote(&mut self, author: &Actor, subject: Subject) -> anyhow::Result<()> {
        self.texts += 1;
        for (voter, person) in self.story.accounts.iter().enumerate() {
            let value = VoteValue::parse(vote_of(self.texts, voter)).map_err(Error::from)?;
            if value.number() != 0 && person.name != author.username {
                let actor = self.actor(&person.name).await?;
                self.app.forum.votes.cast(&actor, subject, value).await?;
            }
        }
        Ok(())
    }

    /// Somebody, as they stand now.
    async fn actor(&self, name: &str) -> anyhow::Result<Actor> {
        let at = self.story.accounts.iter().position(|person| person.name == name);
        let token = at.and_then(|at| self.tokens.get(at));
        let token = token.with_context(|| format!("nobody is called {name}"))?;
        Ok(self.app.sessions.authenticate(token.expose()).await?)
    }

    async fn sign_out(&self) -> anyhow::Result<()> {
        for person in &self.story.accounts {
            let actor = self.actor(&person.name).await?;
            self.app.sessions.end(&actor, actor.session).await?;
        }
        Ok(())
    }
}

/// Binds the policy, if it is not bound.
async fn bind_automod(app: &App, admin: &Actor) -> anyhow::Result<()> {
    let bindings = app.plugins.list(admin, &PageRequest { after: None, limit: 1 }).await?;
    if !bindings.items.is_empty() {
        return Ok(());
    }
    let uploaded = app.versions.upload(admin, None, Arc::from(AUTOMOD)).await;
    let (version, _) = uploaded.map_err(not_compiled)?;
    let change =
        Change { settings: Some(RULES.into()), mode: Some(Mode::Enforce), ..Change::default() };
    let binding = NewBinding { plugin: version.plugin, community: None, change };
    app.plugins.bind(admin, binding).await.map_err(not_compiled)?;
    Ok(())
}

/// Advice for a machine that cannot compile the policy.
fn not_compiled(error: Error) -> anyhow::Error {
    let is_compiling = matches!(
        &error,
        Error::Invalid(fields) if fields.iter().any(|field| field.rule.starts_with("compile"))
    );
    let error = anyhow::Error::from(error);
    if is_compiling {
        error.context(
            "the policy could not be compiled: end other work of this machine, and try again",
        )
    } else {
        error
    }
}

/// How somebody votes for a text: 1, -1 or, when they do not, 0. Squares make
/// some texts popular and others not; 13 is prime, so that no two people are of
/// one mind.
fn vote_of(text: usize, voter: usize) -> i64 {
    let favour = text * text % 11;
    match (5 * text + 4 * voter) % 13 {
        place if place < favour => 1,
        12 => -1,
        _ => 0,
    }
}
