//! The allow-list that every rendered text passes.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};

use super::markup::is_language;

/// Elements that the writer makes.
pub(super) const TAGS: [&str; 26] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Schemes that a link may have.
pub(super) const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Relation of every link: search engines do not count it, its author is a user, and the
/// page behind it cannot reach the page with it.
pub(super) const REL: &str = "nofollow ugc noopener";

static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(sanitizer);

fn sanitizer() -> Builder<'static> {
    let attributes = [
        ("a", ["href", "title"].as_slice()),
        ("code", ["class"].as_slice()),
        ("img", ["src", "alt", "title"].as_slice()),
        ("ol", ["start"].as_slice()),
        ("td", ["align"].as_slice()),
        ("th", ["align"].as_slice()),
    ];
    let attributes: HashMap<_, HashSet<_>> =
        attributes.into_iter().map(|(tag, names)| (tag, names.iter().copied().collect())).collect();
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into())
        .tag_attributes(attributes)
        .url_schemes(SCHEMES.into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some(REL))
        .attribute_filter(|tag, attribute, value| {
            is_allowed(tag, attribute, value).then_some(Cow::Borrowed(value))
        });
    builder
}

fn is_allowed(tag: &str, attribute: &str, value: &str) -> bool {
    match (tag, attribute) {
        // A picture that is fetched in the clear shows everybody on its way the reader.
        ("img", "src") => value.starts_with("https://"),
        ("code", "class") => value.strip_prefix("language-").is_some_and(is_language),
        ("td" | "th", "align") => matches!(value, "left" | "center" | "right"),
        _ => true,
    }
}

/// The HTML with nothing but allowed elements and attributes.
pub(super) fn clean(html: &str) -> String {
    SANITIZER.clean(html).to_string()
}
