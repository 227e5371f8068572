//! Markdown to HTML that any page may show. HTML in the Markdown is shown as
//! text; what comes out passes an allow-list on its way, so that a fault of the
//! renderer is not a hole in the forum.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// Deepest nesting that is rendered; text below it is kept, its frames are not.
/// Nobody quotes so deep, and the cost of the sanitiser grows with depth.
const MAX_DEPTH: usize = 32;

/// Elements that the renderer makes.
const TAGS: [&str; 26] = [
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

/// What a link may lead to.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(sanitizer);

fn sanitizer() -> Builder<'static> {
    let attributes = [
        ("a", ["href", "title"].as_slice()),
        ("img", ["src", "alt", "title"].as_slice()),
        ("ol", ["start"].as_slice()),
    ];
    let attributes: HashMap<_, HashSet<_>> =
        attributes.into_iter().map(|(tag, names)| (tag, names.iter().copied().collect())).collect();
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into())
        .tag_attributes(attributes)
        .url_schemes(SCHEMES.into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow ugc noopener"))
        .attribute_filter(|tag, attribute, value| {
            // A picture that is fetched in the clear tells everybody on the way
            // who reads what.
            let allowed = (tag, attribute) != ("img", "src") || value.starts_with("https://");
            allowed.then_some(Cow::Borrowed(value))
        });
    builder
}

/// Renders Markdown.
pub fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let mut depth = 0;
    let events = Parser::new_ext(markdown, options).filter_map(|event| keep(event, &mut depth));
    let mut rendered = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut rendered, events);
    SANITIZER.clean(&rendered).to_string()
}

/// The prose of a Markdown text, piece by piece: what is not code.
pub fn prose(markdown: &str) -> Vec<String> {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let (mut pieces, mut piece, mut is_code) = (Vec::new(), String::new(), false);
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) if !is_code => {
                piece.push_str(&text);
                continue;
            }
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            _ => {}
        }
        if !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces
}

/// An event as it is rendered; `None` when it is not.
fn keep<'a>(event: Event<'a>, depth: &mut usize) -> Option<Event<'a>> {
    match event {
        Event::Start(tag) => {
            *depth += 1;
            (*depth <= MAX_DEPTH).then_some(Event::Start(match tag {
                Tag::HtmlBlock => Tag::Paragraph,
                tag => tag,
            }))
        }
        Event::End(tag) => {
            *depth -= 1;
            (*depth < MAX_DEPTH).then_some(Event::End(match tag {
                TagEnd::HtmlBlock => TagEnd::Paragraph,
                tag => tag,
            }))
        }
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        event => Some(event),
    }
}

#[cfg(test)]
mod tests;
