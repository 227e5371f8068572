//! Where links lead, and the addresses in a text that become links.

use std::ops::Range;

use url::{Host, Url};

use super::{mentions::is_unspaced, sanitizer::SCHEMES};

/// Longest address in a text that becomes a link, in bytes: browsers and servers refuse
/// longer ones, and the search for the end of an address stays cheap.
const ADDRESS_MAX: usize = 2_048;
/// Longest host name (RFC 1035).
const HOST_MAX: usize = 255;

/// The target of a link: the URL as browsers serialise it, or `None` for a relative one, a
/// broken one, or a scheme that no link may have. A user name and a password are left
/// out: they only make one host look like another.
pub(super) fn link(address: &str) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    if !SCHEMES.contains(&url.scheme()) {
        return None;
    }
    if url.has_host() {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
    }
    Some(url.into())
}

/// The target of a picture, which is fetched without being asked for: `https` only.
pub(super) fn picture(address: &str) -> Option<String> {
    link(address).filter(|url| url.starts_with("https://"))
}

/// An address that stands in a text and becomes a link.
#[derive(Debug)]
pub(super) struct Address {
    /// Where it stands, in bytes.
    pub(super) at: Range<usize>,
    pub(super) target: String,
}

/// The addresses in a text, by the rules of GFM's extended autolinks for `http://` and
/// `https://`. A scheme that has one of the bytes `literal` (ascending: those that an author
/// escaped) begins none.
pub(super) fn addresses(text: &str, literal: &[usize]) -> Vec<Address> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(colon) = text.get(from..).and_then(|rest| rest.find("://")) {
        let (searched, colon) = (from, from + colon);
        from = colon + 3;
        let Some(start) = scheme_start(text, colon).filter(|start| *start >= searched) else {
            continue;
        };
        let is_literal = literal
            .get(literal.partition_point(|at| *at < start)..)
            .and_then(<[usize]>::first)
            .is_some_and(|at| *at < from);
        let rest = text.get(from..).unwrap_or_default();
        let Some(extent) = extent(rest).filter(|_| !is_literal) else { continue };
        let end = from + trimmed(rest.get(..extent).unwrap_or_default());
        from += extent;
        let address = text.get(start..end).filter(|address| address.len() <= ADDRESS_MAX);
        if let Some(target) = address.and_then(link) {
            found.push(Address { at: start..end, target });
        }
    }
    found
}

/// Where the scheme before a colon begins; `None` where it is another or within a word.
fn scheme_start(text: &str, colon: usize) -> Option<usize> {
    let before = text.get(..colon)?;
    let is = |scheme: &str| {
        let start = colon.checked_sub(scheme.len())?;
        let is_scheme = before.get(start..)?.eq_ignore_ascii_case(scheme);
        is_scheme.then_some(start)
    };
    let start = is("https").or_else(|| is("http"))?;
    let last = before.get(..start)?.chars().next_back();
    let in_word = last.is_some_and(|c| c == '_' || c.is_alphanumeric() && !is_unspaced(c));
    (!in_word).then_some(start)
}

/// Length in bytes of what follows a scheme up to the end of the address; `None` without a
/// host that has a point in it.
fn extent(rest: &str) -> Option<usize> {
    let host_end = rest.find(|c: char| !is_of_host(c)).unwrap_or(rest.len());
    let host = rest.get(..host_end)?;
    // No domain ends like `org看`: the word after the address has begun.
    let last_label = host.rfind('.').map_or(0, |point| point + 1);
    let foreign = host.get(last_label..)?.find(|c: char| !c.is_ascii());
    let (host, ends_early) = match foreign {
        Some(at) if at > 0 => (host.get(..last_label + at)?, true),
        _ => (host, false),
    };
    let name = host.trim_end_matches(['.', '-', '_']);
    let is_host = name.len() <= HOST_MAX
        && name.contains('.')
        && matches!(Host::parse(name), Ok(Host::Domain(_) | Host::Ipv4(_)));
    if !is_host {
        return None;
    }
    // The caller goes on behind the end: no part of the text is searched twice.
    let end = if ends_early { host.len() } else { rest.find(ends_address).unwrap_or(rest.len()) };
    Some(end)
}

fn is_of_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_') || (!c.is_ascii() && !ends_address(c))
}

/// White space, `<`, quotation marks and the punctuation of Chinese and Japanese end an
/// address.
fn ends_address(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '`' | '\u{2018}'..='\u{201f}' | '\u{2026}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{301f}'
            | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

/// Length of an address without the punctuation that follows it in a sentence, and without
/// a closing bracket that it does not open.
fn trimmed(address: &str) -> usize {
    let count = |bracket| address.matches(bracket).count();
    let mut surplus_round = count(')').saturating_sub(count('('));
    let mut surplus_square = count(']').saturating_sub(count('['));
    let mut end = address.len();
    for c in address.chars().rev() {
        let goes = match c {
            '?' | '!' | '.' | ',' | ':' | ';' | '*' | '_' | '~' | '\'' => true,
            ')' if surplus_round > 0 => {
                surplus_round -= 1;
                true
            }
            ']' if surplus_square > 0 => {
                surplus_square -= 1;
                true
            }
            _ => false,
        };
        if !goes {
            break;
        }
        end -= c.len_utf8();
    }
    end
}
