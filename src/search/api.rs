//! `/search`.

use poem_openapi::{Enum, Object, OpenApi, param::Query};
use serde::Serialize;
use uuid::Uuid;

use super::{
    model::{Found, SearchKind, SearchRequest},
    service::Search,
};
use crate::{
    base::{
        Error,
        page::{Page, PageRequest},
    },
    http::{ClientAddress, Problem, Rendered, Tag, Time},
    posts::SearchTerms,
    sessions::Visitor,
};

/// What is searched.
#[derive(Clone, Copy, Debug, Enum)]
#[oai(rename = "SearchKind", rename_all = "snake_case")]
enum KindParam {
    /// Titles and bodies of posts.
    Post,
    /// Comments.
    Comment,
}

impl From<KindParam> for SearchKind {
    fn from(kind: KindParam) -> Self {
        match kind {
            KindParam::Post => Self::Post,
            KindParam::Comment => Self::Comment,
        }
    }
}

/// A post or comment that has the words.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct FoundView {
    /// The post, or the post of the comment.
    post_id: Uuid,
    /// The comment, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment_id: Option<Uuid>,
    /// Title of the post.
    title: String,
    /// Slug of the community.
    community: String,
    /// Name of who wrote it.
    author: String,
    /// Markdown: the part of the text that has the words.
    excerpt: String,
    /// When it was written.
    created_at: Time,
}

/// What was found, newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct FoundList {
    /// This page.
    items: Vec<FoundView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<Page<Found>> for FoundList {
    fn from(page: Page<Found>) -> Self {
        let page = page.map(|found| FoundView {
            post_id: found.post.0,
            comment_id: found.comment.map(|comment| comment.0),
            title: found.title,
            community: found.community,
            author: found.author,
            excerpt: found.excerpt,
            created_at: found.created_at.into(),
        });
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

/// Operations of search.
#[derive(Clone, Debug)]
pub struct SearchApi {
    /// The feature.
    pub search: Search,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Search")]
impl SearchApi {
    /// Search posts or comments
    ///
    /// For everybody; finds what one may see. All words must be there, in any
    /// order and case.
    #[oai(path = "/search", method = "get", operation_id = "search")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn search(
        &self,
        Visitor(viewer): Visitor,
        client: ClientAddress,
        /// The words, at most 200 characters.
        query: Query<String>,
        /// `post` (the default) or `comment`.
        kind: Query<Option<KindParam>>,
        /// Only in a community, by slug.
        community: Query<Option<String>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<FoundList>, Problem> {
        self.search.count(client).await?;
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let terms = SearchTerms::parse(&query.0).map_err(Error::from)?;
        let kind = kind.0.map(SearchKind::from).unwrap_or_default();
        let request = SearchRequest { kind, terms, community: community.0 };
        let found = self.search.find(viewer.as_ref(), &request, &page).await?;
        Ok(Rendered::new(&found.into()))
    }
}
