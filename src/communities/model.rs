//! Communities and their fields, in forms that cannot be wrong.

use serde::{Deserialize, Serialize};

use crate::{
    bans::Standing,
    base::{
        Error, FieldError,
        clock::Timestamp,
        ids::{AccountId, CommunityId},
        text::{clean_line, clean_lines, length},
    },
};

/// Most characters of a name.
const NAME_MAX: usize = 100;
/// Most characters of a description.
const DESCRIPTION_MAX: usize = 5_000;

/// A community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Community {
    /// Opaque.
    pub id: CommunityId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Members, moderators included.
    pub member_count: i64,
    /// Published posts.
    pub post_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the viewer is in it.
    pub my_role: Option<MemberRole>,
}

/// A community, and how the viewer stands in it.
#[derive(Clone, Debug)]
pub struct CommunityAccess {
    /// The community.
    pub community: Community,
    /// Rights and bans.
    pub standing: Standing,
}

/// What an account is in a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRole {
    /// Takes part.
    Member,
    /// Keeps its order.
    Moderator,
}

impl MemberRole {
    /// As stored, and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
        }
    }

    /// From what is stored; what is unknown has no power.
    pub fn from_stored(text: &str) -> Self {
        if text == "moderator" { Self::Moderator } else { Self::Member }
    }
}

/// A moderator of a community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moderator {
    /// Opaque.
    pub id: AccountId,
    /// Name.
    pub username: String,
    /// The place among the moderators, from 1 for the owner: by time of appointment.
    pub rank: i64,
    /// When the moderator was appointed, or [`NEVER`].
    pub appointed_at: Timestamp,
    /// When the moderator became a member.
    pub joined_at: Timestamp,
}

impl Moderator {
    /// The place in the list.
    pub(super) fn key(&self) -> ModeratorKey {
        ModeratorKey(self.appointed_at, self.id)
    }
}

/// The time of appointment of members, and of moderators whom a program appointed that
/// does not know times of appointment: these have the lowest rank.
pub(super) const NEVER: Timestamp = Timestamp(i64::MAX);

/// The place of a moderator in the list: by time of appointment, then by account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeratorKey(pub(super) Timestamp, pub(super) AccountId);

/// A community that somebody wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommunity {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) description: String,
}

impl NewCommunity {
    /// Checks every field.
    pub fn parse(slug: &str, name: &str, description: &str) -> Result<Self, Error> {
        let (slug, name) = (parse_slug(slug), parse_name(name));
        let description = parse_description(description);
        match (slug, name, description) {
            (Ok(slug), Ok(name), Ok(description)) => Ok(Self { slug, name, description }),
            (slug, name, description) => {
                let broken = [slug.err(), name.err(), description.err()];
                Err(Error::Invalid(broken.into_iter().flatten().collect()))
            }
        }
    }
}

/// What is to change about a community; `None` stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityEdit {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
}

impl CommunityEdit {
    pub(super) fn parse(name: Option<&str>, description: Option<&str>) -> Result<Self, Error> {
        let name = name.map(parse_name).transpose();
        let description = description.map(parse_description).transpose();
        match (name, description) {
            (Ok(name), Ok(description)) => Ok(Self { name, description }),
            (name, description) => {
                Err(Error::Invalid([name.err(), description.err()].into_iter().flatten().collect()))
            }
        }
    }
}

fn parse_slug(text: &str) -> Result<String, FieldError> {
    let fail = |rule, message| Err(FieldError::new("slug", rule, message));
    if !(3..=30).contains(&text.len()) {
        return fail("length", "must have 3 to 30 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return fail("characters", "may have a to z, digits and - only");
    }
    if text.starts_with('-') || text.ends_with('-') {
        return fail("edges", "must begin and end with a letter or a digit");
    }
    Ok(text.to_owned())
}

fn parse_name(text: &str) -> Result<String, FieldError> {
    let name = clean_line(text);
    if (1..=NAME_MAX).contains(&length(&name)) {
        Ok(name)
    } else {
        Err(FieldError::new("name", "length", format!("must have 1 to {NAME_MAX} characters")))
    }
}

fn parse_description(text: &str) -> Result<String, FieldError> {
    let description = clean_lines(text);
    if length(&description) <= DESCRIPTION_MAX {
        Ok(description)
    } else {
        let message = format!("must have at most {DESCRIPTION_MAX} characters");
        Err(FieldError::new("description", "length", message))
    }
}
