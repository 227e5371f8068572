//! What is searched for, and what is found.

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Timestamp,
        ids::{CommentId, PostId},
    },
    posts::SearchTerms,
};

/// What is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchKind {
    /// Titles and bodies of posts.
    #[default]
    Post,
    /// Comments.
    Comment,
}

/// What somebody searches for.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// Posts or comments.
    pub kind: SearchKind,
    /// The words; all must be there.
    pub terms: SearchTerms,
    /// Only in a community, by slug.
    pub community: Option<String>,
}

/// Where a page of results ends: the place of the last one in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchKey(pub i64);

/// A post or comment that has the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place in the index; later ones are higher.
    pub place: i64,
    /// The post, or the post of the comment.
    pub post: PostId,
    /// The comment, if it is one.
    pub comment: Option<CommentId>,
    /// Title of the post.
    pub title: String,
    /// Slug of the community.
    pub community: String,
    /// Name of who wrote it.
    pub author: String,
    /// The part of the text that has the words.
    pub excerpt: String,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Found {
    /// Its place in the list.
    pub fn key(&self) -> SearchKey {
        SearchKey(self.place)
    }
}
