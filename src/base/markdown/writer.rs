//! One walk over the events of the parser.

use std::{collections::HashSet, fmt::Write as _, ops::Range};

use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Options, Parser, Tag};

use super::{
    Reading, Target, TargetKind, TooLarge, links,
    markup::{escape, heading, is_language},
    mentions,
    sanitizer::REL,
};
use crate::base::text::{
    clean_line, is_contextual, name_key, out_of_place, without, without_deceptive,
};

/// Deepest nesting that is rendered; text below it is kept, its frames are not.
/// Nobody quotes so deep, and the cost of the sanitiser grows with depth.
pub(super) const MAX_DEPTH: usize = 32;

/// An element that is open.
#[derive(Debug)]
struct Frame {
    /// How it is closed; empty for one that is not written.
    close: &'static str,
    role: Role,
}

/// The kind of text that an element has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Part of the line around it.
    Inline,
    /// A line of its own.
    Block,
    Quote,
    Code,
    Cell,
    Link,
    Picture,
}

/// A contextual character that was written; removed when it has no use in its line.
#[derive(Clone, Copy, Debug)]
struct Mark {
    in_html: usize,
    in_text: usize,
}

/// The picture whose alternative text is being read.
#[derive(Debug)]
struct Picture {
    target: Option<String>,
    title: String,
    alternative: String,
    /// Pictures within the alternative text.
    inner: usize,
}

/// Text that no element divides, and the bytes of it that were escaped or entities.
#[derive(Debug, Default)]
struct Run {
    text: String,
    literal: Vec<usize>,
}

/// How many elements around the present text are quotes, code, or links.
#[derive(Debug, Default)]
struct Around {
    quotes: usize,
    code: usize,
    links: usize,
}

/// The columns of the present table.
#[derive(Debug, Default)]
struct Columns {
    alignments: Vec<Alignment>,
    next: usize,
    in_head: bool,
}

pub(super) struct Writer<'a> {
    source: &'a str,
    html_max: usize,
    reading: Reading,
    frames: Vec<Frame>,
    around: Around,
    columns: Columns,
    run: Run,
    picture: Option<Picture>,
    titles: Vec<String>,
    named: HashSet<String>,
    /// Where the present line of the text begins.
    line: usize,
    marks: Vec<Mark>,
    /// Where the last event of text ended in the source.
    text_end: usize,
}

impl<'a> Writer<'a> {
    /// Writes a text, before its HTML passes the allow-list.
    pub(super) fn write(source: &'a str, html_max: usize) -> Result<Reading, TooLarge> {
        let mut writer = Self {
            source,
            html_max,
            reading: Reading::default(),
            frames: Vec::new(),
            around: Around::default(),
            columns: Columns::default(),
            run: Run::default(),
            picture: None,
            titles: Vec::new(),
            named: HashSet::new(),
            line: 0,
            marks: Vec::new(),
            text_end: usize::MAX,
        };
        let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
        for (event, at) in Parser::new_ext(source, options).into_offset_iter() {
            writer.event(event, at);
            if writer.reading.html.len() > writer.html_max {
                return Err(TooLarge);
            }
        }
        Ok(writer.finish())
    }

    fn finish(mut self) -> Reading {
        self.end_run();
        self.end_line();
        for title in &self.titles {
            self.reading.text.push_str(title);
            self.reading.text.push('\n');
        }
        self.reading.text.truncate(self.reading.text.trim_end().len());
        self.reading
    }

    fn event(&mut self, event: Event<'_>, at: Range<usize>) {
        if let Event::Text(text) = event {
            return self.add_text(&text, at);
        }
        self.end_run();
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(_) => self.end(),
            Event::Code(text) => {
                self.raw("<code>");
                self.shown(&text);
                self.raw("</code>");
            }
            Event::Html(text) | Event::InlineHtml(text) => self.shown(&text),
            Event::SoftBreak => self.line_break("\n", ' '),
            Event::HardBreak => self.line_break("<br>\n", '\n'),
            Event::Rule => {
                self.fresh_line();
                self.raw("<hr>\n");
                self.end_line();
            }
            // Events of extensions that are not on.
            Event::Text(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    /// Adds an event's text to the run. The parser gives an escaped character and a decoded
    /// entity in events of their own.
    fn add_text(&mut self, text: &str, at: Range<usize>) {
        let before = at.start.checked_sub(1).and_then(|before| self.source.as_bytes().get(before));
        let is_escaped = before == Some(&b'\\') && self.text_end != at.start;
        if is_escaped || self.source.get(at.clone()) != Some(text) {
            self.run.literal.push(self.run.text.len());
        }
        self.text_end = at.end;
        self.run.text.push_str(text);
    }

    /// Writes the run, with links where addresses stand in it.
    fn end_run(&mut self) {
        if self.run.text.is_empty() {
            return;
        }
        let run = std::mem::take(&mut self.run);
        if self.around.code > 0 || self.around.links > 0 || self.picture.is_some() {
            return self.shown(&run.text);
        }
        let mut written = 0;
        for address in links::addresses(&run.text, &run.literal) {
            self.prose(&run, written..address.at.start);
            written = address.at.end;
            if self.frames.len() < MAX_DEPTH {
                self.open_link(&address.target, "");
                self.shown(run.text.get(address.at).unwrap_or_default());
                self.raw("</a>");
            } else {
                self.shown(run.text.get(address.at).unwrap_or_default());
            }
        }
        self.prose(&run, written..run.text.len());
    }

    /// Writes a part of a run that is no address, and collects the names that it mentions.
    fn prose(&mut self, run: &Run, part: Range<usize>) {
        if self.around.quotes == 0 {
            let text = run.text.get(..part.end).unwrap_or_default();
            for name in mentions::names(text, part.start, &run.literal) {
                if self.named.insert(name_key(name)) {
                    self.reading.mentions.push(name.to_owned());
                }
            }
        }
        self.shown(run.text.get(part).unwrap_or_default());
    }

    /// Writes text that readers see.
    fn shown(&mut self, text: &str) {
        let text = without_deceptive(text);
        if let Some(picture) = &mut self.picture {
            return picture.alternative.push_str(&text);
        }
        for line in text.split_inclusive('\n') {
            for c in line.chars() {
                if is_contextual(c) {
                    let (in_html, in_text) = (self.reading.html.len(), self.reading.text.len());
                    self.marks.push(Mark { in_html, in_text });
                }
                match c {
                    '&' => self.reading.html.push_str("&amp;"),
                    '<' => self.reading.html.push_str("&lt;"),
                    '>' => self.reading.html.push_str("&gt;"),
                    c => self.reading.html.push(c),
                }
                self.reading.text.push(c);
            }
            if line.ends_with('\n') {
                self.end_line();
            }
        }
    }

    fn line_break(&mut self, html: &str, in_text: char) {
        if let Some(picture) = &mut self.picture {
            return picture.alternative.push(' ');
        }
        self.raw(html);
        if in_text == '\n' {
            self.end_line();
        } else {
            self.reading.text.push(in_text);
        }
    }

    /// Writes markup, unless within the alternative text of a picture.
    fn raw(&mut self, html: &str) {
        if self.picture.is_none() {
            self.reading.html.push_str(html);
        }
    }

    /// Begins a line of the HTML.
    fn fresh_line(&mut self) {
        if !self.reading.html.is_empty() && !self.reading.html.ends_with('\n') {
            self.raw("\n");
        }
    }

    /// Ends the line of the text, and removes the contextual characters without a use in it.
    fn end_line(&mut self) {
        self.judge_line();
        if !self.reading.text.is_empty() && !self.reading.text.ends_with('\n') {
            self.reading.text.push('\n');
        }
        self.line = self.reading.text.len();
    }

    fn judge_line(&mut self) {
        let Some(first) = self.marks.first().copied() else { return };
        let line = self.reading.text.get(self.line..).unwrap_or_default();
        let removed = out_of_place(line);
        let line = self.line;
        let goes = |mark: &Mark| removed.binary_search(&(mark.in_text - line)).is_ok();
        let goes: Vec<Mark> = self.marks.drain(..).filter(goes).collect();
        cut(&mut self.reading.html, first.in_html, goes.iter().map(|mark| mark.in_html));
        cut(&mut self.reading.text, first.in_text, goes.iter().map(|mark| mark.in_text));
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let is_written = self.frames.len() < MAX_DEPTH;
        if let Tag::Image { dest_url, title, .. } = tag {
            self.start_picture(dest_url, title, is_written);
            return;
        }
        let role = role(tag);
        match role {
            Role::Quote => self.around.quotes += 1,
            Role::Code => self.around.code += 1,
            Role::Link => self.around.links += 1,
            Role::Cell if !self.reading.text.ends_with('\n') && !self.reading.text.is_empty() => {
                self.reading.text.push('\t');
                self.line = self.reading.text.len();
            }
            _ => {}
        }
        if !matches!(role, Role::Inline | Role::Link | Role::Cell) {
            self.end_line();
        }
        if let Tag::Table(alignments) = tag {
            self.columns.alignments.clone_from(alignments);
        }
        let close = if is_written && self.picture.is_none() { self.open(tag) } else { "" };
        self.frames.push(Frame { close, role });
    }

    /// Writes the start of an element; returns its end.
    fn open(&mut self, tag: &Tag<'_>) -> &'static str {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.block("<p>", "</p>\n"),
            Tag::Heading { level, .. } => {
                let (open, close) = heading(*level as usize);
                self.block(open, close)
            }
            Tag::BlockQuote(_) => self.block("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(kind) => self.open_code(kind),
            Tag::List(None) => self.block("<ul>\n", "</ul>\n"),
            Tag::List(Some(1)) => self.block("<ol>\n", "</ol>\n"),
            Tag::List(Some(start)) => {
                let close = self.block("<ol start=\"", "</ol>\n");
                // Writing into a string cannot fail.
                let _ = writeln!(self.reading.html, "{start}\">");
                close
            }
            Tag::Item => self.block("<li>", "</li>\n"),
            Tag::Table(_) => self.block("<table>", "</tbody></table>\n"),
            Tag::TableHead => {
                (self.columns.in_head, self.columns.next) = (true, 0);
                self.raw("<thead><tr>");
                "</tr></thead><tbody>\n"
            }
            Tag::TableRow => {
                (self.columns.in_head, self.columns.next) = (false, 0);
                self.raw("<tr>");
                "</tr>\n"
            }
            Tag::TableCell => self.open_cell(),
            Tag::Emphasis => self.inline("<em>", "</em>"),
            Tag::Strong => self.inline("<strong>", "</strong>"),
            Tag::Strikethrough => self.inline("<del>", "</del>"),
            Tag::Link { link_type, dest_url, title, .. } => {
                let target = match link_type {
                    LinkType::Email => links::link(&format!("mailto:{dest_url}")),
                    _ => links::link(dest_url),
                };
                let Some(target) = target else { return "" };
                self.open_link(&target, title);
                "</a>"
            }
            // Tags of extensions that are not on; `start` handles pictures.
            _ => "",
        }
    }

    fn block(&mut self, open: &'static str, close: &'static str) -> &'static str {
        self.fresh_line();
        self.inline(open, close)
    }

    fn inline(&mut self, open: &'static str, close: &'static str) -> &'static str {
        self.raw(open);
        close
    }

    fn open_code(&mut self, kind: &CodeBlockKind<'_>) -> &'static str {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info,
            CodeBlockKind::Indented => "",
        };
        let language = info.split([' ', '\t', ',', '{']).next().unwrap_or_default();
        self.fresh_line();
        if is_language(language) {
            // Writing into a string cannot fail.
            let _ = write!(self.reading.html, "<pre><code class=\"language-{language}\">");
        } else {
            self.raw("<pre><code>");
        }
        "</code></pre>\n"
    }

    fn open_cell(&mut self) -> &'static str {
        let (tag, close) = if self.columns.in_head { ("<th", "</th>") } else { ("<td", "</td>") };
        self.raw(tag);
        self.raw(match self.columns.alignments.get(self.columns.next) {
            Some(Alignment::Left) => " align=\"left\">",
            Some(Alignment::Center) => " align=\"center\">",
            Some(Alignment::Right) => " align=\"right\">",
            Some(Alignment::None) | None => ">",
        });
        self.columns.next += 1;
        close
    }

    fn open_link(&mut self, target: &str, title: &str) {
        if self.picture.is_some() {
            return;
        }
        self.attribute("<a href=\"", target);
        self.title(title);
        self.attribute(" rel=\"", REL);
        self.raw(">");
        self.reading.targets.push(Target { kind: TargetKind::Link, url: target.to_owned() });
    }

    /// Writes the beginning of an attribute, its value, and its end.
    fn attribute(&mut self, begin: &str, value: &str) {
        self.reading.html.push_str(begin);
        escape(&mut self.reading.html, value);
        self.reading.html.push('"');
    }

    fn title(&mut self, title: &str) {
        let title = clean_line(title);
        if !title.is_empty() {
            self.attribute(" title=\"", &title);
            self.titles.push(title);
        }
    }

    fn start_picture(&mut self, address: &str, title: &str, is_written: bool) {
        self.frames.push(Frame { close: "", role: Role::Picture });
        if let Some(picture) = &mut self.picture {
            picture.inner += 1;
            return;
        }
        self.picture = Some(Picture {
            target: links::picture(address).filter(|_| is_written),
            title: title.to_owned(),
            alternative: String::new(),
            inner: 0,
        });
    }

    fn end_picture(&mut self) {
        if let Some(picture) = self.picture.as_mut().filter(|picture| picture.inner > 0) {
            picture.inner -= 1;
            return;
        }
        let Some(picture) = self.picture.take() else { return };
        let alternative = clean_line(&picture.alternative);
        self.raw("<img");
        if let Some(target) = picture.target {
            self.attribute(" src=\"", &target);
            self.reading.targets.push(Target { kind: TargetKind::Picture, url: target });
        }
        self.attribute(" alt=\"", &alternative);
        self.title(&picture.title);
        self.raw(">");
        self.reading.text.push_str(&alternative);
    }

    fn end(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        match frame.role {
            Role::Picture => return self.end_picture(),
            Role::Quote => self.around.quotes -= 1,
            Role::Code => self.around.code -= 1,
            Role::Link => self.around.links -= 1,
            Role::Cell => self.judge_line(),
            Role::Inline | Role::Block => {}
        }
        if matches!(frame.role, Role::Block | Role::Quote | Role::Code) {
            self.end_line();
        }
        self.raw(frame.close);
    }
}

fn role(tag: &Tag<'_>) -> Role {
    match tag {
        Tag::BlockQuote(_) => Role::Quote,
        Tag::CodeBlock(_) => Role::Code,
        Tag::TableCell => Role::Cell,
        Tag::Link { .. } => Role::Link,
        Tag::Emphasis | Tag::Strong | Tag::Strikethrough => Role::Inline,
        _ => Role::Block,
    }
}

/// Cuts the characters at some offsets, which ascend from `first`.
fn cut(text: &mut String, first: usize, offsets: impl Iterator<Item = usize>) {
    let offsets: Vec<usize> = offsets.map(|at| at - first).collect();
    if !offsets.is_empty() {
        let tail = without(text.get(first..).unwrap_or_default(), &offsets);
        text.truncate(first);
        text.push_str(&tail);
    }
}
