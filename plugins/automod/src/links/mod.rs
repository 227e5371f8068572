//! The links in a text, however they are written: `https://…`, `//host`,
//! `www.…`, in Markdown's brackets or bare (`example.com/page`).

use std::ops::Range;

use crate::condition::{Domain, Links};
use crate::fold::Folded;

/// Endings that make bare words like `example.com` links. Others are more often
/// file names and sentences without a space (`main.rs`, `end.Then`).
const BARE_ENDINGS: [&str; 48] = [
    "app", "art", "biz", "blog", "buzz", "cc", "click", "cloud", "club", "cn", "co", "com", "de",
    "dev", "digital", "eu", "example", "fr", "fun", "icu", "info", "io", "jp", "life", "link",
    "live", "ly", "me", "net", "news", "nl", "online", "org", "pw", "ru", "shop", "site", "space",
    "store", "stream", "tk", "top", "tv", "uk", "us", "vip", "win", "xyz",
];

/// A link in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link<'t> {
    /// Where it stands.
    pub(crate) span: Range<usize>,
    /// Where it leads, as written.
    pub(crate) host: &'t str,
}

/// The links in a text, in order.
pub(crate) fn find_links(text: &str) -> impl Iterator<Item = Link<'_>> {
    candidates(text).filter_map(|(at, token)| {
        let (start, host) = with_scheme(token).or_else(|| bare(token))?;
        let end = start + token.get(start..)?.trim_end_matches(is_closing).len();
        Some(Link { span: at + start..at + end, host })
    })
}

/// The words that have what every link has, and hardly any other word: each with its
/// place.
fn candidates(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let (before, rest) = text.split_at_checked(from)?;
        let sign = rest.bytes().position(|byte| byte == b'.' || byte == b'/')?;
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
        let is_below = |host: &str, domains: &[Domain]| {
            domains.iter().any(|Domain(domain)| {
                host.strip_suffix(domain.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
        };
        // A look-alike of a listed domain is what deceivers register; a
        // look-alike of a harmless one is not harmless.
        let is_wanted = self
            .to
            .as_ref()
            .is_none_or(|to| is_below(&host, &to.0) || is_below(Folded::new(&host).text(), &to.0));
        is_wanted && !self.except.as_ref().is_some_and(|except| is_below(&host, &except.0))
    }
}

fn is_delimiter(character: char) -> bool {
    let brackets = matches!(character, '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}');
    brackets || matches!(character, '"' | '\'' | '`' | '|' | '*') || character.is_whitespace()
}

/// Punctuation after a link is the sentence's.
fn is_closing(character: char) -> bool {
    ".,;:!?".contains(character)
}

/// `scheme://host` or `//host.name`.
fn with_scheme(token: &str) -> Option<(usize, &str)> {
    let (before, rest) = token.split_once("//")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.trim_end_matches(is_closing);
    let start = match before.strip_suffix(':') {
        Some(scheme) => {
            let letters = scheme.chars().rev().take_while(char::is_ascii_alphabetic).count();
            (letters > 0).then_some(scheme.len() - letters)?
        }
        None => (before.is_empty() && host.contains('.')).then_some(0)?,
    };
    (!host.is_empty()).then_some((start, host))
}

/// `www.host`, or a name that ends like a domain.
fn bare(token: &str) -> Option<(usize, &str)> {
    pieces(token, |c| !c.is_ascii() || c == ',' || c == ';').find_map(|(at, word)| {
        let host = word.split(['/', '?', '#', ':', '!']).next()?.trim_end_matches('.');
        let (rest, ending) = host.rsplit_once('.')?;
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let is_www = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
        let is_domain = is_www || BARE_ENDINGS.iter().any(|it| it.eq_ignore_ascii_case(ending));
        (is_domain && is_label(ending) && rest.split('.').all(is_label)).then_some((at, host))
    })
}

#[cfg(test)]
mod tests;
