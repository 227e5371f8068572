//! Tells the story to an empty forum, through the doors that everybody uses:
//! people register, sign in, write and vote, and the policy reads along. Which
//! of them votes for what is a rule and not chance, so that every demo forum is
//! the same but for its ids, its times and its password.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{
    ADMIN,
    story::{AUTOMOD, NewPlace, Person, RULES, Story, Topic},
};
use crate::{
    accounts::{Applicant, Registered},
    app::App,
    base::{Error, actor::Actor, ids::CommentId, secret::Secret},
    comments::NewComment,
    communities::NewCommunity,
    hooks::Mode,
    http::ClientAddress,
    plugin_admin::{Change, NewBinding},
    publishing::ContentState,
    sessions::Device,
    votes::{Subject, VoteValue},
};

/// Where everybody seems to be.
const HERE: ClientAddress = ClientAddress(IpAddr::V4(Ipv4Addr::LOCALHOST));

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
}

impl<'a> Filling<'a> {
    pub(super) fn new(
        app: &'a App,
        story: &'a Story,
        password: &'a Secret<String>,
        step: Duration,
    ) -> Self {
        Self { app, story, password, step, tokens: Vec::new(), texts: 0 }
    }

    /// Tells the whole story.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let story = self.story;
        let (host, others) = story.accounts.split_first().context("nobody is here")?;
        self.welcome(host).await.with_context(|| host.name.clone())?;
        // The policy is compiled while the others arrive.
        let (app, admin) = (self.app, self.actor(ADMIN).await?);
        let (bound, arrived) = tokio::join!(bind_automod(app, &admin), self.arrive(others));
        bound.context("automod").and(arrived)?;
        for (community, topic) in story.posts() {
            self.discuss(community, topic).await.with_context(|| topic.title.clone())?;
        }
        self.sign_out().await
    }

    /// Welcomes people, and makes the places where they meet.
    async fn arrive(&mut self, people: &[Person]) -> anyhow::Result<()> {
        for person in people {
            self.welcome(person).await.with_context(|| person.name.clone())?;
        }
        for place in &self.story.communities {
            if let Some(new) = &place.new {
                self.open(&place.slug, new).await.with_context(|| place.slug.clone())?;
            }
        }
        Ok(())
    }

    /// Makes an account, and signs it in.
    async fn welcome(&mut self, person: &Person) -> anyhow::Result<()> {
        let accounts = &self.app.accounts;
        let applicant = Applicant {
            username: person.name.clone(),
            email: format!("{}@example.org", person.name),
            password: self.password.clone(),
        };
        if person.name == ADMIN {
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
        let community = NewCommunity::parse(slug, &new.name, &new.description)?;
        self.app.forum.communities.create(&admin, community).await?;
        self.app.forum.communities.appoint(&admin, slug, &new.moderator, None).await?;
        Ok(())
    }

    /// Writes a post and what is said about it.
    async fn discuss(&mut self, community: &str, topic: &Topic) -> anyhow::Result<()> {
        let author = self.actor(&topic.by).await?;
        let communities = &self.app.forum.communities;
        communities.join(&author, community).await?;
        let text = (topic.title.as_str(), topic.body.as_str());
        let post = self.app.forum.posts.create(&author, community, text, &[]).await?.access.post;
        self.app.clock.advance(self.step);
        let is_published = post.state == ContentState::Published;
        ensure!(is_published || topic.comments.is_empty(), "who would see it?");
        if is_published {
            self.vote(&author, Subject::Post(post.id)).await?;
        }
        // The comments from the first of the thread to the last one said.
        let mut thread: Vec<CommentId> = Vec::new();
        for remark in &topic.comments {
            let (depth, by, body) = (remark.0, &remark.1, &remark.2);
            ensure!(depth <= thread.len(), "{by} answers a comment that is not there");
            thread.truncate(depth);
            let author = self.actor(by).await?;
            let parent = thread.last().copied();
            let (body, media) = (body.clone(), Vec::new());
            let new = NewComment { post: post.id, parent, body, media };
            let comment = self.app.forum.comments.create(&author, &new).await?.access.comment;
            self.app.clock.advance(self.step);
            if comment.state == ContentState::Published {
                thread.push(comment.id);
                self.vote(&author, Subject::Comment(comment.id)).await?;
            }
        }
        Ok(())
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

async fn bind_automod(app: &App, admin: &Actor) -> anyhow::Result<()> {
    let (version, _) = app.versions.upload(admin, None, Arc::from(AUTOMOD)).await?;
    let change =
        Change { settings: Some(RULES.into()), mode: Some(Mode::Enforce), ..Change::default() };
    let binding = NewBinding { plugin: version.plugin, community: None, change };
    app.plugins.bind(admin, binding).await?;
    Ok(())
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
