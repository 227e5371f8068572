//! Votes on posts and comments.

use poem_openapi::{Object, OpenApi, param::Path, types::Example};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Subject, VoteValue},
    service::Votes,
};
use crate::{
    base::{Error, actor::Actor},
    http::{Input, Problem, Rendered, Tag},
    sessions::SignedIn,
};

/// What one's vote is to be.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct VoteRequest {
    /// 1 in favour, -1 against, 0 neither.
    value: i64,
}

impl Example for VoteRequest {
    fn example() -> Self {
        Self { value: 1 }
    }
}

/// How things stand after a vote.
#[derive(Debug, Object, Serialize)]
struct VoteView {
    /// Votes in favour.
    ups: i64,
    /// Votes against.
    downs: i64,
    /// Up minus down votes.
    score: i64,
    /// One's own vote: 1, 0 or -1.
    my_vote: i64,
}

/// Operations on votes.
#[derive(Clone)]
pub struct VotesApi {
    /// The feature.
    pub votes: Votes,
}

#[OpenApi(prefix_path = "/api/v1")]
impl VotesApi {
    /// Vote on a post
    ///
    /// For everybody who is signed in and not banned from voting there. The same
    /// value again changes nothing.
    #[oai(
        path = "/posts/:id/vote",
        method = "put",
        operation_id = "vote_on_post",
        tag = "Tag::Posts"
    )]
    async fn vote_on_post(
        &self,
        SignedIn(actor): SignedIn,
        /// The post's id.
        id: Path<Uuid>,
        body: Input<VoteRequest>,
    ) -> Result<Rendered<VoteView>, Problem> {
        Ok(self.cast(&actor, Subject::Post(id.0.into()), &body.0).await?)
    }

    /// Vote on a comment
    ///
    /// For everybody who is signed in and not banned from voting there. The same
    /// value again changes nothing.
    #[oai(
        path = "/comments/:id/vote",
        method = "put",
        operation_id = "vote_on_comment",
        tag = "Tag::Comments"
    )]
    async fn vote_on_comment(
        &self,
        SignedIn(actor): SignedIn,
        /// The comment's id.
        id: Path<Uuid>,
        body: Input<VoteRequest>,
    ) -> Result<Rendered<VoteView>, Problem> {
        Ok(self.cast(&actor, Subject::Comment(id.0.into()), &body.0).await?)
    }
}

impl VotesApi {
    async fn cast(
        &self,
        actor: &Actor,
        subject: Subject,
        wanted: &VoteRequest,
    ) -> Result<Rendered<VoteView>, Error> {
        let value = VoteValue::parse(wanted.value)?;
        let tallies = self.votes.cast(actor, subject, value).await?;
        Ok(Rendered::new(&VoteView {
            ups: tallies.ups,
            downs: tallies.downs,
            score: tallies.score(),
            my_vote: value.number(),
        }))
    }
}
