//! Names, addresses and passwords that cannot be wrong, and the account itself.

use std::{collections::HashSet, sync::LazyLock};

use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};

use crate::{
    base::{
        Error, FieldError,
        actor::{SiteRole, Viewer},
        clock::Timestamp,
        ids::{AccountId, MediaId},
        secret::Secret,
        text::{clean_lines, length, look_alike_key, name_key},
    },
    identities::Name,
};

/// Most characters that an account may say of itself.
pub const BIO_MAX: usize = 2_000;
/// Longest mail address that SMTP can deliver to (RFC 5321, 4.5.3.1.3, less the brackets).
const EMAIL_MAX: usize = 254;
/// Longest local part of an address (RFC 5321, 4.5.3.1.1).
const EMAIL_LOCAL_MAX: usize = 64;
/// Names that look like the site speaking.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "anonymous",
    "gatherly",
    "mod",
    "moderator",
    "root",
    "staff",
    "system",
];

/// What names of plugins' bots begin with; nobody else's do.
const BOT: &str = "bot-";
/// Most characters of a name.
const NAME_MAX: usize = 30;

/// The key that ASCII names share when they are drawn alike: a capital `I` and a `1` look
/// like an `l`, a `0` like an `o`. `rn` is no `m` to readers: `mike` and `rnike` are two.
pub(super) fn drawn_key(name: &str) -> String {
    name.replace('I', "l").to_ascii_lowercase().replace('0', "o").replace('1', "l")
}

/// A name that an account has or had, as names are compared.
pub(super) fn compared(name: &str) -> Name {
    Name { key: name_key(name), look_alike: drawn_key(name) }
}

/// The name of the account that a plugin writes through.
pub(super) fn bot_name(plugin: &str) -> String {
    let name: String = BOT.chars().chain(plugin.chars()).take(NAME_MAX).collect();
    name.trim_end_matches('-').to_owned()
}

static COMMON_PASSWORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A name that others see: 3 to 30 letters and digits of ASCII, `_`, `-`, `.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Checks a name that somebody wants.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let fail = |rule, message| Err(FieldError::new("username", rule, message));
        if !(3..=NAME_MAX).contains(&length(text)) {
            return fail("length", "must have 3 to 30 characters");
        }
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if !text.bytes().all(is_allowed) {
            return fail("characters", "may have letters, digits, _, - and . only");
        }
        let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        if !is_edge(text.bytes().next()) || !is_edge(text.bytes().last()) {
            return fail("edges", "must begin and end with a letter or a digit");
        }
        Ok(Self(text.to_owned()))
    }

    /// Checks a name that somebody wants and that is not the site's own.
    pub fn parse_unreserved(text: &str) -> Result<Self, FieldError> {
        let name = Self::parse(text)?;
        // Far-fetched look-alikes of these few are refused too.
        let key = look_alike_key(&name.0);
        let is_own = RESERVED.iter().any(|reserved| look_alike_key(reserved) == key);
        if is_own || key.starts_with(&look_alike_key(BOT)) {
            return Err(FieldError::new("username", "reserved", "is reserved"));
        }
        Ok(name)
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As names are compared.
    pub(super) fn compared(&self) -> Name {
        compared(&self.0)
    }

    /// The key that names share when they are drawn alike, for refusing new ones: as
    /// the column `accounts.look_alike_key` has it.
    pub fn look_alike_key(&self) -> String {
        drawn_key(&self.0)
    }
}

/// A mail address that can be delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks the form of an address; only a mail to it tells whether it exists.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let invalid =
            || FieldError::new("email", "email", "must be a mail address like name@example.org");
        let (local, domain) = text.trim().rsplit_once('@').ok_or_else(invalid)?;
        if !local.is_ascii() {
            let message = "must have only ASCII characters before the @";
            return Err(FieldError::new("email", "ascii", message));
        }
        let local_ok = (1..=EMAIL_LOCAL_MAX).contains(&local.len())
            && local
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let domain = ascii_domain(domain).ok_or_else(invalid)?;
        let address = format!("{local}@{domain}");
        if address.len() > EMAIL_MAX || !local_ok || !domain.contains('.') {
            return Err(invalid());
        }
        Ok(Self(address))
    }

    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`, in lower case.
    pub fn domain(&self) -> String {
        self.0.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).unwrap_or_default()
    }

    /// The same for addresses that are the same but for case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The same for addresses whose mail comes to one person however they are spelled:
    /// without a tag after `+`, and without the points that Gmail overlooks.
    pub fn person_key(&self) -> String {
        let key = self.key();
        let Some((local, domain)) = key.rsplit_once('@') else { return key };
        let local = local.split_once('+').map_or(local, |(local, _)| local);
        match domain {
            "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
            _ => format!("{local}@{domain}"),
        }
    }
}

/// A domain in the one form that is stored: that of DNS, in lower case (UTS 46).
fn ascii_domain(domain: &str) -> Option<String> {
    let (denied, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    let ascii = Uts46::new().to_ascii(domain.as_bytes(), denied, hyphens, DnsLength::Verify);
    ascii.ok().map(std::borrow::Cow::into_owned)
}

/// A password that may be set: 8 to 128 characters, not a common one.
#[derive(Clone, Debug)]
pub struct Password(Secret<String>);

impl Password {
    /// Checks a new password. `field` is what the request calls it.
    pub fn parse(
        field: &'static str,
        text: Secret<String>,
        username: &str,
    ) -> Result<Self, FieldError> {
        if !(8..=128).contains(&length(text.expose())) {
            return Err(FieldError::new(field, "length", "must have 8 to 128 characters"));
        }
        let lower = text.expose().to_lowercase();
        let mut characters = lower.chars();
        let first = characters.next();
        let is_one_character = characters.all(|c| Some(c) == first);
        if COMMON_PASSWORDS.contains(lower.as_str()) || is_one_character {
            return Err(FieldError::new(
                field,
                "common",
                "is among the first that others would try",
            ));
        }
        if lower == username.to_lowercase() {
            return Err(FieldError::new(field, "username", "must not be the username"));
        }
        Ok(Self(text))
    }

    /// For hashing.
    pub fn into_secret(self) -> Secret<String> {
        self.0
    }
}

/// What an account says of itself.
pub fn parse_bio(text: &str) -> Result<String, FieldError> {
    let bio = clean_lines(text);
    if length(&bio) > BIO_MAX {
        return Err(FieldError::new(
            "bio",
            "length",
            format!("must have at most {BIO_MAX} characters"),
        ));
    }
    Ok(bio)
}

/// The refusal of a change to the profile of somebody who is banned from the site.
pub(super) fn profile_frozen(reason: &str, until: Option<Timestamp>) -> Error {
    let mut message = match until {
        Some(until) => format!("A ban from the site freezes your profile until {until}."),
        None => "A ban from the site freezes your profile.".to_owned(),
    };
    if !reason.is_empty() {
        message.push_str(" Reason: ");
        message.push_str(reason);
    }
    Error::forbidden("banned", message)
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It can.
    Active,
    /// Not yet: somebody has to decide.
    Held,
    /// Not any more.
    Closed,
}

impl AccountState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Held => "held",
            Self::Closed => "closed",
        }
    }

    /// From what is stored; what is unknown cannot be used.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "active" => Self::Active,
            "held" => Self::Held,
            _ => Self::Closed,
        }
    }
}

/// A person's record.
#[derive(Clone, Debug)]
pub struct Account {
    /// Opaque.
    pub id: AccountId,
    /// As its owner writes it.
    pub username: String,
    /// For its owner only.
    pub email: Option<String>,
    /// Whether the address was confirmed.
    pub verified: bool,
    /// The address that takes the place of the other once it is confirmed.
    pub pending_email: Option<String>,
    /// What it may do on the whole site.
    pub role: SiteRole,
    /// Whether it can be used.
    pub state: AccountState,
    /// What it says of itself.
    pub bio: String,
    /// Published posts.
    pub post_count: i64,
    /// Published comments.
    pub comment_count: i64,
    /// Up minus down votes.
    pub score: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// A plugin writes through it.
    pub is_bot: bool,
    /// The picture beside its name.
    pub avatar: Option<MediaId>,
    /// Whether bio and avatar are hidden from the public: bans forbid the account
    /// everything on the site.
    pub is_hidden: bool,
}

impl Account {
    /// Whether somebody sees bio and avatar.
    pub(super) fn shows_profile_to(&self, viewer: Viewer<'_>) -> bool {
        !self.is_hidden || viewer.is_some_and(|viewer| viewer.is_admin() || viewer.id == self.id)
    }
}

/// Somebody who wants to join, as the request says it.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// The name wanted.
    pub username: String,
    /// A mail address.
    pub email: String,
    /// The password wanted.
    pub password: Secret<String>,
}

/// Whether a new account can be used.
#[derive(Clone, Debug)]
pub enum Registered {
    /// At once.
    Active(Account),
    /// When an admin has approved; with the reason.
    Held(Account, String),
}

/// The id is unique and no name that somebody may choose looks like this.
pub(super) fn closed_name(id: AccountId) -> String {
    format!("[closed {id}]")
}

/// The refusal of a password that is not the account's.
pub(super) fn wrong(field: &'static str) -> Error {
    Error::invalid(field, "wrong", "is not the account's password")
}

/// The refusal of a name that another account has or had.
pub(super) fn username_taken() -> Error {
    Error::conflict(
        "username_taken",
        "Somebody has this name or had it, or one that looks like it.",
    )
}

/// A member's account that can be used.
pub(super) fn new_account(
    id: AccountId,
    username: &Username,
    email: &Email,
    now: Timestamp,
) -> Account {
    Account {
        id,
        username: username.as_str().to_owned(),
        email: Some(email.as_str().to_owned()),
        verified: false,
        pending_email: None,
        role: SiteRole::Member,
        state: AccountState::Active,
        bio: String::new(),
        post_count: 0,
        comment_count: 0,
        score: 0,
        created_at: now,
        is_bot: false,
        avatar: None,
        is_hidden: false,
    }
}

/// Checks what an applicant wants, field by field.
pub(super) fn parse(applicant: Applicant) -> Result<(Username, Email, Password), Error> {
    let username = Username::parse_unreserved(&applicant.username);
    let email = Email::parse(&applicant.email);
    let password = Password::parse("password", applicant.password, &applicant.username);
    match (username, email, password) {
        (Ok(username), Ok(email), Ok(password)) => Ok((username, email, password)),
        (username, email, password) => Err(Error::Invalid(
            [username.err(), email.err(), password.err()].into_iter().flatten().collect(),
        )),
    }
}
