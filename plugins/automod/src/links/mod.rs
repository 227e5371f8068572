//! The links in a text, however they are written: `https://…`, `//host`,
//! `www.…`, in Markdown's brackets or bare (`example.com/page`); and the targets
//! that the host tells of the rendered text.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use crate::condition::Links;
use crate::fold::Folded;

mod punycode;

/// Endings that make bare words like `example.com` links. Others are more often
/// file names and sentences without a space (`main.rs`, `end.Then`): these are links
/// only for rules that list their domain.
const BARE_ENDINGS: [&str; 48] = [
    "app", "art", "biz", "blog", "buzz", "cc", "click", "cloud", "club", "cn", "co", "com", "de",
    "dev", "digital", "eu", "example", "fr", "fun", "icu", "info", "io", "jp", "life", "link",
    "live", "ly", "me", "net", "news", "nl", "online", "org", "pw", "ru", "shop", "site", "space",
    "store", "stream", "tk", "top", "tv", "uk", "us", "vip", "win", "xyz",
];

/// Schemes whose addresses have a host for browsers, whatever number of slashes
/// follows, backslashes included (the "special" schemes of the URL Standard).
const SPECIAL_SCHEMES: [&str; 3] = ["https", "http", "ftp"];

/// A link in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link<'t> {
    /// Where it stands; none for a target, which readers do not see.
    pub(crate) span: Option<Range<usize>>,
    /// The address, as written.
    pub(crate) url: &'t str,
    /// Where it leads, as people read it.
    pub(crate) host: Cow<'t, str>,
    /// A word that could be a domain, and is one only for a rule that lists it.
    pub(crate) is_guess: bool,
}

/// The links in a text, in order.
pub(crate) fn find_links(text: &str) -> impl Iterator<Item = Link<'_>> {
    candidates(text).filter_map(|(at, token)| {
        let found = with_scheme(token).or_else(|| bare(token))?;
        let url = token.get(found.start..)?.trim_end_matches(is_closing);
        let start = at + found.start;
        let (span, host) = (start..start + url.len(), browser_host(found.host));
        Some(Link { span: Some(span), url, host, is_guess: found.is_guess })
    })
}

/// The links of a rendered text: its targets, and what reads like a link besides.
pub(crate) fn rendered_links<'t>(
    text: &'t str,
    targets: &'t [gatherly_plugin::Link],
) -> Vec<Link<'t>> {
    let mut links: Vec<Link<'_>> = targets.iter().map(target).collect();
    let hosts: BTreeSet<_> = links.iter().map(|link| link.host.to_lowercase()).collect();
    // An address that the renderer made a link stands in the text as well.
    links.extend(find_links(text).filter(|link| !hosts.contains(&link.host.to_lowercase())));
    links
}

/// A target as a link.
fn target(target: &gatherly_plugin::Link) -> Link<'_> {
    let url = target.url.as_str();
    let host = match url.split_once("//") {
        Some((_, rest)) => authority_host(rest),
        // `mailto:name@host?subject=…`
        None => url.split('?').next().and_then(|it| it.rsplit_once('@')).map_or("", |it| it.1),
    };
    Link { span: None, url, host: browser_host(host), is_guess: false }
}

/// The words that have what every link has, and hardly any other word: each with its
/// place.
fn candidates(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let (before, rest) = text.split_at_checked(from)?;
        let sign = rest.find(|c| is_dot(c) || c == '/')?;
        let (ahead, behind) = rest.split_at_checked(sign)?;
        let start = before.len() + ahead.trim_end_matches(|c| !is_delimiter(c)).len();
        from += sign + behind.find(is_delimiter).unwrap_or(behind.len());
        Some((start, text.get(start..from)?))
    })
}

/// The pieces of a text between delimiters, each with its place.
fn pieces(text: &str, is_delimiter: fn(char) -> bool) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive(is_delimiter).scan(0, move |next, piece| {
        let at = *next;
        *next += piece.len();
        Some((at, piece.trim_end_matches(is_delimiter)))
    })
}

impl Links {
    /// Whether a link is one of those that count.
    pub(crate) fn counts(&self, link: &Link<'_>) -> bool {
        let host = link.host.trim_end_matches('.').to_lowercase();
        // A look-alike of a listed domain is what deceivers register; a
        // look-alike of a harmless one is not harmless.
        let is_wanted = match &self.to {
            Some(to) => to.include(&host) || to.include(Folded::new(&host).text()),
            None => !link.is_guess,
        };
        is_wanted && !self.except.as_ref().is_some_and(|except| except.include(&host))
    }
}

fn is_delimiter(character: char) -> bool {
    let brackets = matches!(character, '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}');
    brackets || matches!(character, '"' | '\'' | '`' | '|' | '*') || character.is_whitespace()
}

/// Punctuation after a link is the sentence's.
fn is_closing(character: char) -> bool {
    ".,;:!?。".contains(character)
}

/// The characters that browsers take for the dot between the labels of a host.
fn is_dot(character: char) -> bool {
    matches!(character, '.' | '。' | '．' | '｡')
}

/// A link in a token: where it begins, and its host as written.
struct Found<'t> {
    start: usize,
    host: &'t str,
    is_guess: bool,
}

/// `scheme://host`, `//host.name`, or a special scheme with any number of slashes.
fn with_scheme(token: &str) -> Option<Found<'_>> {
    for (colon, _) in token.match_indices(':') {
        let (before, after) = (token.get(..colon)?, token.get(colon + 1..)?);
        let scheme = before.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let scheme = scheme.rsplit(|c: char| !c.is_ascii_alphabetic()).next()?;
        let is_special = SPECIAL_SCHEMES.iter().any(|it| it.eq_ignore_ascii_case(scheme));
        let rest = after.trim_start_matches(['/', '\\']);
        let host = authority_host(rest).trim_end_matches(is_closing);
        // `https:evil.test` is an address, `https:` at the end of a sentence is none.
        let is_address = if after.starts_with("//") {
            !scheme.is_empty() && (is_special || !after.starts_with("///"))
        } else {
            is_special && host.contains(is_dot)
        };
        if is_address && !host.is_empty() {
            return Some(Found { start: colon - scheme.len(), host, is_guess: false });
        }
    }
    let host = authority_host(token.strip_prefix("//")?).trim_end_matches(is_closing);
    host.contains(is_dot).then_some(Found { start: 0, host, is_guess: false })
}

/// The host of `user@host:port/path`.
fn authority_host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// A host as people read it after browsers have: escapes of bytes decoded, each dot a
/// dot, and `xn--` undone.
fn browser_host(host: &str) -> Cow<'_, str> {
    let is_ace = |label: &str| label.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("xn--"));
    if !host.contains(['%', '。', '．', '｡']) && !host.split('.').any(is_ace) {
        return Cow::Borrowed(host);
    }
    let mut bytes = Vec::with_capacity(host.len());
    let mut rest = host.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten().and_then(hexadecimal);
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    let host = String::from_utf8_lossy(&bytes);
    let label = |label: &str| {
        let ace = label.get(4..).filter(|_| is_ace(label));
        ace.and_then(punycode::decode).unwrap_or_else(|| label.to_owned())
    };
    host.split(is_dot).map(label).collect::<Vec<_>>().join(".").into()
}

/// The byte that two digits stand for.
fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|it| it.is_ascii_hexdigit()).then_some(())?;
    u8::from_str_radix(digits, 16).ok()
}

/// `www.host`, or a name that ends like a domain; any other name with dots as a guess.
fn bare(token: &str) -> Option<Found<'_>> {
    let is_outside = |c: char| !(c.is_ascii() || is_dot(c)) || c == ',' || c == ';';
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let mut guess = None;
    for (start, word) in pieces(token, is_outside) {
        let host = word.split(['/', '?', '#', ':', '!']).next()?.trim_end_matches(is_dot);
        let Some(ending) = host.rsplit(is_dot).next().filter(|it| it.len() < host.len()) else {
            continue;
        };
        if !host.split(is_dot).all(is_label) {
            continue;
        }
        let is_www = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
        let is_domain = is_www || BARE_ENDINGS.iter().any(|it| it.eq_ignore_ascii_case(ending));
        // A full stop of Chinese or Japanese is a dot for browsers, and more often ends
        // a sentence.
        if is_domain && host.is_ascii() {
            return Some(Found { start, host, is_guess: false });
        }
        guess = guess.or(Some(Found { start, host, is_guess: true }));
    }
    guess
}

#[cfg(test)]
mod tests;
