//! The forum that plugins look at in native tests: what tests put into it.

use std::cell::RefCell;

use crate::forum::CommunitySummary;
use crate::{Actor, ContentSummary};

/// What there is to be looked up.
#[derive(Clone, Debug, Default)]
pub struct Forum {
    /// Every account.
    pub accounts: Vec<Actor>,
    /// Everything that is published.
    pub contents: Vec<ContentSummary>,
    /// Every community.
    pub communities: Vec<CommunitySummary>,
    /// Who has joined what: id of the account, slug of the community.
    pub members: Vec<(String, String)>,
}

thread_local! {
    static FORUM: RefCell<Forum> = RefCell::new(Forum::default());
}

/// Puts a forum in place of the one before.
pub fn forum(forum: Forum) {
    FORUM.set(forum);
}

fn find<T: Clone>(list: impl FnOnce(&Forum) -> &Vec<T>, is: impl Fn(&T) -> bool) -> Option<T> {
    FORUM.with_borrow(|forum| list(forum).iter().find(|it| is(it)).cloned())
}

pub(crate) fn account(id: &str) -> Option<Actor> {
    find(|forum| &forum.accounts, |account| account.id == id)
}

pub(crate) fn account_by_name(username: &str) -> Option<Actor> {
    find(|forum| &forum.accounts, |account| account.username == username)
}

pub(crate) fn content(id: &str) -> Option<ContentSummary> {
    find(|forum| &forum.contents, |content| content.id == id)
}

pub(crate) fn community(slug: &str) -> Option<CommunitySummary> {
    find(|forum| &forum.communities, |community| community.slug == slug)
}

pub(crate) fn is_member(account: &str, community: &str) -> bool {
    find(|forum| &forum.members, |(who, what)| who == account && what == community).is_some()
}
