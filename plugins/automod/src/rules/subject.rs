//! What is judged: the content with the listed words in it, and what the host
//! knows beside it, which is asked for only when a rule wants it.

use std::cell::OnceCell;

use gatherly_plugin::content::Content;
use gatherly_plugin::{ContentSummary, Context};

use crate::condition::Place;
use crate::fold::Folded;
use crate::links::{Link, find_links};
use crate::words::{Hit, Words};

/// Earlier texts that are looked at: all that the host tells.
const RECENT: u32 = 20;

/// Bytes of a text that are compared: what the host tells of earlier ones.
const EXCERPT: usize = 1024;

/// What is judged, with the listed words in it.
pub(super) struct Subject<'s> {
    pub(super) context: &'s Context<'s>,
    pub(super) content: &'s Content,
    /// The body last.
    fields: Vec<Field<'s>>,
    /// Asked for when a rule wants it, and once for all that do.
    recent: OnceCell<Vec<ContentSummary>>,
}

/// A text of the content.
pub(super) struct Field<'s> {
    pub(super) name: &'static str,
    pub(super) text: &'s str,
    pub(super) hits: Vec<Hit>,
    /// Looked for when a rule asks, and once for all that do.
    links: OnceCell<Vec<Link<'s>>>,
}

impl<'s> Subject<'s> {
    pub(super) fn new(words: &Words, context: &'s Context<'s>, content: &'s Content) -> Self {
        let field =
            |name, text| Field { name, text, hits: words.find(text), links: OnceCell::new() };
        let title = content.title.as_deref().map(|title| field("title", title));
        let body = field("body", content.body.as_str());
        let fields = title.into_iter().chain([body]).collect();
        Self { context, content, fields, recent: OnceCell::new() }
    }

    /// What the author published last here, newest first.
    pub(super) fn recent(&self) -> &[ContentSummary] {
        self.recent.get_or_init(|| {
            let mut recent = self.context.event.recent(RECENT);
            // An edit is not its own repetition.
            recent.retain(|earlier| earlier.id != self.content.id);
            recent
        })
    }

    /// How many of them say the same, however disguised.
    pub(super) fn repeats(&self) -> usize {
        let excerpt = |text: &str| {
            let end = text.floor_char_boundary(EXCERPT);
            Folded::new(text.get(..end).unwrap_or(text).trim()).into_text()
        };
        let body = excerpt(&self.content.body);
        if body.is_empty() {
            return 0;
        }
        self.recent().iter().filter(|earlier| excerpt(&earlier.excerpt) == body).count()
    }

    pub(super) fn fields(&self, place: Place) -> &[Field<'s>] {
        let (body, title) = self
            .fields
            .split_last()
            .map_or((&[][..], &[][..]), |(body, title)| (std::slice::from_ref(body), title));
        match place {
            Place::Title => title,
            Place::Body => body,
            Place::Both => &self.fields,
        }
    }
}

impl<'s> Field<'s> {
    pub(super) fn links(&self) -> &[Link<'s>] {
        self.links.get_or_init(|| find_links(self.text).collect())
    }
}
