//! Posts: a title and a text in a community. Who may see a post is said once,
//! in `store.rs`, and every statement on posts, comments, votes and search
//! includes it. A post that is held or removed is there for its author and for
//! those who moderate; one that its author deleted is there for nobody.

mod api;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use api::{PostView, PostsApi};
pub use model::{
    Access, Ground, Post, PostEdit, PostFilter, PostKey, PostSort, PostText, SearchTerms,
};
pub use rules::{Refusal, may_comment, may_vote};
pub use service::{Approved, Parts, Posts, Written};
pub(crate) use store::{ground, ground_columns, post_visible, set_terms};
