//! Posts, their text, and what lists of them are asked for.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    attachments::{Attached, Attachments},
    bans::Standing,
    base::{
        Error, FieldError,
        clock::Timestamp,
        ids::{AccountId, CommunityId, PostId},
        terms,
        text::{clean_line, clean_lines, length},
    },
    db::Engine,
    hooks::Content,
    publishing::{ContentState, Marks, Place, Revision, Tallies, Waiting},
};

/// Fewest and most characters of a title.
const TITLE: std::ops::RangeInclusive<usize> = 3..=200;
/// Most characters of a body.
const BODY_MAX: usize = 40_000;
/// Longest search that is looked at, in characters.
const QUERY_MAX: usize = 200;
/// Most words of a search: each costs a look-up in the index.
const WORDS_MAX: usize = 16;

/// What a post says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostText {
    /// One line.
    pub title: String,
    /// Markdown; may be empty.
    pub body: String,
}

impl PostText {
    /// The terms by which the post is found.
    pub fn terms(&self) -> String {
        // A line for each, so that no phrase goes from one into the other.
        terms::of_text(&format!("{}\n{}", self.title, self.body))
    }

    /// Tells every field that breaks a rule.
    pub fn parse(title: &str, body: &str) -> Result<Self, Error> {
        let (title, body) = (clean_line(title), clean_lines(body));
        let mut errors = Vec::new();
        if !TITLE.contains(&length(&title)) {
            let message = format!("must have {} to {} characters", TITLE.start(), TITLE.end());
            errors.push(FieldError::new("title", "length", message));
        }
        if length(&body) > BODY_MAX {
            let message = format!("must have at most {BODY_MAX} characters");
            errors.push(FieldError::new("body", "length", message));
        }
        if errors.is_empty() { Ok(Self { title, body }) } else { Err(Error::Invalid(errors)) }
    }

    /// Holds what a plugin made of a post to the rules of what people write.
    pub(super) fn of_content(content: &Content) -> Result<Self, Error> {
        Self::parse(content.title.as_deref().unwrap_or_default(), &content.body)
    }
}

impl From<PostText> for Revision {
    fn from(text: PostText) -> Self {
        Self { title: Some(text.title), body: text.body, media: None }
    }
}

/// What is to change about a post; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostEdit {
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
    pub(super) media: Option<Vec<Uuid>>,
}

impl PostEdit {
    /// The text of a post after the edit.
    pub(super) fn apply(&self, post: &Post) -> Result<PostText, Error> {
        let title = self.title.as_deref().unwrap_or(&post.title);
        PostText::parse(title, self.body.as_deref().unwrap_or(&post.body))
    }

    /// The pictures of a post after the edit; `None` when they are as they were.
    pub(super) fn media(&self, post: &Post) -> Result<Option<Attachments>, Error> {
        let wanted = self.media.as_deref().map(Attachments::parse).transpose()?;
        Ok(wanted.filter(|wanted| !wanted.are(&post.media)))
    }
}

/// A post.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Opaque, in the order of time.
    pub id: PostId,
    /// Where it is.
    pub community: CommunityId,
    /// The community's slug.
    pub slug: String,
    /// Who wrote it.
    pub author: AccountId,
    /// Name of who wrote it.
    pub author_name: String,
    /// One line.
    pub title: String,
    /// Markdown; empty in lists.
    pub body: String,
    /// The same as HTML that any page may show; empty in lists.
    pub body_html: String,
    /// Who may see it.
    pub state: ContentState,
    /// Whether comments are closed.
    pub locked: bool,
    /// Public remarks.
    pub marks: Marks,
    /// Votes.
    pub tallies: Tallies,
    /// Rank among posts by age and votes.
    pub hot: f64,
    /// Published comments.
    pub comment_count: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub edited_at: Option<Timestamp>,
    /// The viewer's vote: 1, 0 or -1.
    pub my_vote: i64,
    /// Pictures.
    pub media: Vec<Attached>,
}

/// A post that the viewer may see, and how the viewer stands there.
#[derive(Clone, Debug)]
pub struct Access {
    /// The post.
    pub post: Post,
    /// Rights and bans.
    pub standing: Standing,
    /// What waits for a moderator.
    pub waiting: Waiting,
}

/// The post that somebody comments under or votes on, as far as rules need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The post.
    pub id: PostId,
    /// Where it is.
    pub community: CommunityId,
    /// The community's slug.
    pub slug: String,
    /// Who may see the post.
    pub state: ContentState,
    /// Whether comments are closed.
    pub locked: bool,
    /// Rights and bans of the viewer.
    pub standing: Standing,
}

impl Ground {
    /// Where it is, for plugins.
    pub fn place(&self) -> Place<'_> {
        Place { community: self.community, slug: &self.slug, standing: self.standing }
    }
}

impl Access {
    /// The post as far as rules need it.
    pub fn ground(&self) -> Ground {
        Ground {
            id: self.post.id,
            community: self.post.community,
            slug: self.post.slug.clone(),
            state: self.post.state,
            locked: self.post.locked,
            standing: self.standing,
        }
    }

    /// Whether somebody may see what waits: its author, and those who moderate.
    pub fn may_see_waiting(&self, viewer: Option<AccountId>) -> bool {
        self.standing.moderates || viewer == Some(self.post.author)
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PostSort {
    /// By rank: votes against age.
    #[default]
    Hot,
    /// Newest first.
    New,
    /// Highest score first.
    Top,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PostKey {
    /// By the bits of the rank, which JSON would round, and id.
    Hot(u64, PostId),
    /// By id.
    New(PostId),
    /// By score and id.
    Top(i64, PostId),
}

impl PostKey {
    /// The key of a post in a list.
    pub fn of(post: &Post, sort: PostSort) -> Self {
        match sort {
            PostSort::Hot => Self::Hot(post.hot.to_bits(), post.id),
            PostSort::New => Self::New(post.id),
            PostSort::Top => Self::Top(post.tallies.score(), post.id),
        }
    }

    pub(super) fn is_of(self, sort: PostSort) -> bool {
        matches!(
            (self, sort),
            (Self::Hot(..), PostSort::Hot)
                | (Self::New(_), PostSort::New)
                | (Self::Top(..), PostSort::Top)
        )
    }
}

/// Which posts are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PostFilter {
    /// Of a community, by slug.
    pub community: Option<String>,
    /// Of an author, by name.
    pub author: Option<String>,
    /// With these words.
    pub terms: Option<SearchTerms>,
}

/// Words to search for; all have to be there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchTerms(Vec<String>);

impl SearchTerms {
    /// Reads what somebody types.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = clean_line(text);
        if length(&text) > QUERY_MAX {
            let message = format!("must have at most {QUERY_MAX} characters");
            return Err(FieldError::new("query", "length", message));
        }
        let is_word = |word: &&str| !terms::of_word(word).is_empty();
        let words: Vec<String> =
            text.split(' ').filter(is_word).take(WORDS_MAX).map(str::to_owned).collect();
        if words.is_empty() {
            return Err(FieldError::new("query", "words", "must have at least one word"));
        }
        Ok(Self(words))
    }

    /// The expression for the index: every word is a phrase of terms, which have letters
    /// and digits of ASCII only, so that nothing of it is taken for the index's own
    /// language.
    pub fn expression(&self, engine: Engine) -> String {
        let required = match engine {
            Engine::Sqlite => "",
            Engine::MySql => "+",
        };
        let phrase = |word: &String| format!("{required}\"{}\"", terms::of_word(word).join(" "));
        self.0.iter().map(phrase).collect::<Vec<_>>().join(" ")
    }

    /// The first word, where an excerpt begins.
    pub fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}
