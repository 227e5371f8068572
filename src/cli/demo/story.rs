//! What the demo's people are to say: read from the files beside this one,
//! which are compiled in. Nothing here touches a forum.

use figment::providers::{Format, Toml};
use serde::Deserialize;

/// The rules that automod is bound with.
pub(super) const RULES: &str = include_str!("rules.yaml");
/// The policy itself, as `gatherly plugin build plugins/automod` makes it.
pub(super) const AUTOMOD: &[u8] = include_bytes!("../../../plugins/automod/automod.wasm");

/// Everything, in the order in which it happens.
#[derive(Debug)]
pub(super) struct Story {
    /// The admin comes first.
    pub(super) accounts: Vec<Person>,
    pub(super) communities: Vec<Place>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) bio: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) slug: String,
    /// For one that every forum has: nothing.
    pub(super) new: Option<NewPlace>,
    /// The oldest first.
    pub(super) posts: Vec<Topic>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlace {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) moderator: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    pub(super) by: String,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) comments: Vec<Remark>,
}

/// Depth, who, text.
#[derive(Debug, Deserialize)]
pub(super) struct Remark(pub(super) usize, pub(super) String, pub(super) String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct People {
    accounts: Vec<Person>,
}

impl Story {
    pub(super) fn read() -> anyhow::Result<Self> {
        let People { accounts } = Toml::from_str(include_str!("accounts.toml"))?;
        let communities = vec![
            Toml::from_str(include_str!("general.toml"))?,
            Toml::from_str(include_str!("bread.toml"))?,
        ];
        Ok(Self { accounts, communities })
    }

    /// Posts with the slug of their community, by turns from each.
    pub(super) fn posts(&self) -> impl Iterator<Item = (&str, &Topic)> {
        let most = self.communities.iter().map(|place| place.posts.len()).max().unwrap_or(0);
        (0..most).flat_map(|at| {
            self.communities.iter().filter_map(move |place| {
                place.posts.get(at).map(|topic| (place.slug.as_str(), topic))
            })
        })
    }

    /// Accounts, posts and comments: what time passes between.
    pub(super) fn steps(&self) -> usize {
        let texts: usize = self.posts().map(|(_, topic)| 1 + topic.comments.len()).sum();
        self.accounts.len() + texts
    }
}
