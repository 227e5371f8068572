//! Markdown to HTML that any page may show. HTML in the Markdown is shown as
//! text. One walk over the parser's events (`writer`) writes the HTML, the text as
//! readers see it, the targets of links and pictures, and the names that the text
//! mentions, so that all of these always agree. The HTML then passes an allow-list
//! (`sanitizer`), so that a fault of the writer is not a hole in the forum.

mod links;
mod markup;
mod memo;
mod mentions;
mod sanitizer;
mod writer;

pub use memo::{html, render};
use writer::Writer;

/// Bytes of HTML for each character of a text: five of an escaped `&`, and what usual
/// markup adds. The densest real texts (tables of links) need about four.
const HTML_PER_CHARACTER: usize = 7;
/// Bytes of HTML that a text of any length may have: a short text is often one table.
const HTML_MIN: usize = 16 << 10;

/// A Markdown text as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// HTML that any page may show.
    pub html: String,
    /// The text that readers see: markup removed, entities decoded, without the characters
    /// that [`super::text::clean_lines`] removes. Each block (paragraph, heading, item, row
    /// of a table, line of code) is a line, cells are separated by tabs, the alternative
    /// text of a picture stands in its place, and the titles of links follow at the end,
    /// each as a line.
    pub text: String,
    /// Where the links and pictures of the HTML lead, in their order there, repeats included.
    pub targets: Vec<Target>,
    /// The names that the text mentions, in the order of their first mention.
    pub mentions: Vec<String>,
}

/// Where a link or a picture of the HTML leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it is a link or a picture.
    pub kind: TargetKind,
    /// The value of `href` or `src`: an absolute URL as browsers serialise it (WHATWG URL),
    /// without a user name and a password.
    pub url: String,
}

/// An element of the HTML that has a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// `<a href>`, with the scheme `http`, `https` or `mailto`.
    Link,
    /// `<img src>`, with the scheme `https`.
    Picture,
}

/// The HTML of a text would be larger than [`html_max`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Most bytes of HTML that a text may have.
pub fn html_max(source: &str) -> usize {
    HTML_MIN.max(HTML_PER_CHARACTER * super::text::length(source))
}

/// Renders a Markdown text, and tells everything that its readers see. The work takes
/// milliseconds for a long text: [`render`] does it away from the async threads.
pub fn read(source: &str) -> Result<Reading, TooLarge> {
    let written = Writer::write(source, html_max(source))?;
    Ok(Reading { html: sanitizer::clean(&written.html), ..written })
}

/// The reading of a text without its HTML, for callers that show nothing: the allow-list
/// costs more than the walk.
pub fn read_text(source: &str) -> Result<Reading, TooLarge> {
    let written = Writer::write(source, html_max(source))?;
    Ok(Reading { html: String::new(), ..written })
}

#[cfg(test)]
mod tests;
