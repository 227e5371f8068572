//! Bans and what they forbid, in forms that cannot be wrong.

use std::{ops::RangeInclusive, time::Duration};

use uuid::Uuid;

use crate::{
    base::{
        Error, FieldError,
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, BanId, CommunityId, PostId},
        text::{clean_lines, length},
    },
    db::SITE,
    decisions::DecisionTarget,
    hooks::{Outcome, Proposal},
};

/// Most characters of a reason.
pub(super) const REASON_MAX: usize = 1_000;
/// Hours before a ban of which content can be removed with it: a month, in which spam is
/// noticed. What is older is removed by hand.
const REMOVE_HOURS: RangeInclusive<u32> = 1..=720;

/// Something that a ban can forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Seeing anything of it.
    View,
    /// Commenting.
    Comment,
    /// Voting.
    Vote,
    /// Posting.
    Post,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::View, Self::Comment, Self::Vote, Self::Post];

    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Comment => "comment",
            Self::Vote => "vote",
            Self::Post => "post",
        }
    }

    /// As a number that can be added up; what is stored.
    pub(super) fn bit(self) -> i64 {
        match self {
            Self::View => 1,
            Self::Comment => 2,
            Self::Vote => 4,
            Self::Post => 8,
        }
    }
}

/// A set of deeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deeds(i64);

impl Deeds {
    /// From what is stored.
    pub fn from_stored(bits: i64) -> Self {
        Self(bits)
    }

    /// As stored.
    pub fn bits(self) -> i64 {
        self.0
    }

    /// Whether a deed is among them.
    pub fn contains(self, deed: Deed) -> bool {
        self.0 & deed.bit() != 0
    }

    /// Those that are in it, in order.
    pub fn iter(self) -> impl Iterator<Item = Deed> {
        Deed::ALL.into_iter().filter(move |deed| self.contains(*deed))
    }

    /// A deed and what is in it already.
    #[must_use]
    pub fn with(self, deed: Deed) -> Self {
        Self(self.0 | deed.bit())
    }

    fn parse(names: &[String], scope: &Scope) -> Result<Self, FieldError> {
        let fail = |rule, message| Err(FieldError::new("deeds", rule, message));
        let mut deeds = Self::default();
        for name in names {
            match Deed::ALL.into_iter().find(|deed| deed.as_str() == name) {
                Some(Deed::Post) if matches!(scope, Scope::Post { .. }) => {
                    return fail("deed", "may not have `post`: one does not post in a post");
                }
                Some(deed) => deeds.0 |= deed.bit(),
                None => return fail("deed", "may have view, comment, vote and post only"),
            }
        }
        if deeds == Self::default() {
            fail("required", "must have at least one")
        } else {
            Ok(deeds)
        }
    }
}

impl FromIterator<Deed> for Deeds {
    fn from_iter<I: IntoIterator<Item = Deed>>(deeds: I) -> Self {
        Self(deeds.into_iter().fold(0, |bits, deed| bits | deed.bit()))
    }
}

/// Where a ban holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Site,
    /// In a community.
    Community(CommunityId),
    /// Under a post.
    Post {
        /// The post.
        id: PostId,
        /// Its community.
        community: CommunityId,
        /// Its author, who cannot be banned from it.
        author: AccountId,
    },
}

impl Scope {
    /// The post, the community, or zeros for the site; what is stored.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Site => SITE,
            Self::Community(id) => id.0,
            Self::Post { id, .. } => id.0,
        }
    }

    /// Its community; none for the site.
    pub fn community(&self) -> Option<CommunityId> {
        match self {
            Self::Site => None,
            Self::Community(id) | Self::Post { community: id, .. } => Some(*id),
        }
    }

    /// The name in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Community(_) => "community",
            Self::Post { .. } => "post",
        }
    }
}

/// How somebody stands in a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether they moderate there: a site admin, or a moderator of the community.
    pub moderates: bool,
    /// What bans forbid them there.
    pub denied: Deeds,
}

impl Standing {
    /// Whether no ban forbids a deed.
    pub fn allows(&self, deed: Deed) -> bool {
        !self.denied.contains(deed)
    }
}

/// A ban that somebody wants to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBan {
    /// Whom it is for, by name.
    pub username: String,
    /// What it forbids.
    pub deeds: Deeds,
    /// Why; told to the one who is banned.
    pub reason: String,
    /// When it ends; `None` is never.
    pub until: Option<Timestamp>,
    /// What the account wrote and voted since then is removed with the ban.
    pub removes_since: Option<Timestamp>,
}

/// Who is to be banned, with the facts that rules and plugins ask for.
#[derive(Clone, Debug)]
pub(super) struct Struck {
    pub(super) facts: Actor,
    /// Whether they moderate the community of the scope.
    pub(super) moderates: bool,
    /// Whether who wants the ban moderates it.
    pub(super) agent_moderates: bool,
    /// Bans so far that were not taken back.
    pub(super) prior_bans: u32,
    /// Slug of the community of the scope.
    pub(super) slug: Option<String>,
}

/// A ban as it is to be imposed, and what plugins said of the one that was
/// proposed.
#[derive(Debug)]
pub struct Sentence {
    pub(super) scope: Scope,
    pub(super) new: NewBan,
    pub(super) asked: Option<(DecisionTarget, Outcome<Proposal>)>,
}

/// What a request says about a ban.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) username: &'a str,
    pub(super) deeds: &'a [String],
    pub(super) reason: &'a str,
    pub(super) until: Option<&'a str>,
    pub(super) remove_hours: Option<u32>,
}

impl NewBan {
    pub(super) fn parse(wanted: Wanted<'_>, scope: &Scope, now: Timestamp) -> Result<Self, Error> {
        let mut errors = Vec::new();
        let deeds = Deeds::parse(wanted.deeds, scope);
        let reason = clean_lines(wanted.reason);
        if length(&reason) > REASON_MAX {
            let message = format!("must have at most {REASON_MAX} characters");
            errors.push(FieldError::new("reason", "length", message));
        }
        let until = wanted.until.map(|text| parse_until(text, now)).transpose();
        errors.extend(deeds.as_ref().err().cloned());
        errors.extend(until.as_ref().err().cloned());
        if wanted.remove_hours.is_some_and(|hours| !REMOVE_HOURS.contains(&hours)) {
            let message =
                format!("must be from {} to {}", REMOVE_HOURS.start(), REMOVE_HOURS.end());
            errors.push(FieldError::new("remove_content.hours", "range", message));
        }
        let hour = |hours: u32| Duration::from_secs(u64::from(hours) * 3_600);
        let removes_since = wanted.remove_hours.map(|hours| now.minus(hour(hours)));
        match (deeds, until) {
            (Ok(deeds), Ok(until)) if errors.is_empty() => {
                let username = wanted.username.to_owned();
                Ok(Self { username, deeds, reason, until, removes_since })
            }
            _ => Err(Error::Invalid(errors)),
        }
    }
}

/// Nobody has the name.
pub(super) fn unknown_account() -> FieldError {
    FieldError::new("username", "unknown", "is nobody's name")
}

fn parse_until(text: &str, now: Timestamp) -> Result<Timestamp, FieldError> {
    match Timestamp::parse(text) {
        Some(until) if until > now => Ok(until),
        Some(_) => Err(FieldError::new("until", "future", "must be in the future")),
        None => Err(FieldError::new("until", "time", "must be a time like 2030-01-31T12:00:00Z")),
    }
}

/// Whether a ban is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BanState {
    /// It is.
    Active,
    /// Its time has passed.
    Expired,
    /// Somebody ended it.
    Lifted,
}

impl BanState {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Lifted => "lifted",
        }
    }
}

/// A ban as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Opaque, in the order of time.
    pub id: BanId,
    /// `site`, `community` or `post`.
    pub scope: String,
    /// Slug of the community, for a ban from one.
    pub community: Option<String>,
    /// The post, for a ban from one.
    pub post: Option<PostId>,
    /// Who is banned.
    pub username: String,
    /// What is forbidden.
    pub deeds: Deeds,
    /// Why.
    pub reason: String,
    /// Who set it, if a person.
    pub created_by: Option<String>,
    /// Name of the plugin whose effect it is, if it is one's.
    pub plugin: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When it ends; `None` is never.
    pub until: Option<Timestamp>,
    /// Who lifted it.
    pub lifted_by: Option<String>,
    /// When it was lifted.
    pub lifted_at: Option<Timestamp>,
}

impl Ban {
    /// Whether it is in force.
    pub fn state(&self, now: Timestamp) -> BanState {
        super::rules::state(self.until, self.lifted_at, now)
    }
}
