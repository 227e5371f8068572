//! The content that is judged, as it was written and as readers see it, with the
//! listed words in both, and what the host knows beside it, which is asked for only
//! when a rule wants it.

use std::cell::OnceCell;

use gatherly_plugin::content::Content;
use gatherly_plugin::{ContentSummary, Context, Rendered};

use crate::condition::Place;
use crate::fold::Folded;
use crate::links::{Link, find_links, rendered_links};
use crate::words::{Hit, Words};

/// Earlier texts that are looked at: all that the host tells.
const RECENT: u32 = 20;

/// Bytes of a text that are compared: what the host tells of earlier ones.
const EXCERPT: usize = 1024;

/// What is judged, with the listed words in it.
pub(super) struct Subject<'s> {
    pub(super) context: &'s Context<'s>,
    pub(super) content: &'s Content,
    title: Option<Field<'s>>,
    body: Field<'s>,
    /// The body as readers see it, where that is something else.
    rendered: Option<Field<'s>>,
    /// Asked for when a rule wants it, and once for all that do.
    recent: OnceCell<Vec<ContentSummary>>,
}

/// A text of the content.
pub(super) struct Field<'s> {
    pub(super) name: &'static str,
    pub(super) text: &'s str,
    pub(super) hits: Vec<Hit>,
    /// Where the rendered text leads.
    targets: &'s [gatherly_plugin::Link],
    /// Looked for when a rule asks, and once for all that do.
    links: OnceCell<Vec<Link<'s>>>,
}

impl<'s> Subject<'s> {
    pub(super) fn new(
        words: &Words,
        context: &'s Context<'s>,
        content: &'s Content,
        rendered: Option<&'s Rendered>,
    ) -> Self {
        let field = |name, text, targets| {
            let hits = words.find(text);
            Field { name, text, hits, targets, links: OnceCell::new() }
        };
        let title = content.title.as_deref().map(|title| field("title", title, &[]));
        let body = field("body", content.body.as_str(), &[]);
        let rendered = rendered
            .filter(|rendered| says_more(rendered, &content.body))
            .map(|rendered| field("rendered", rendered.text.as_str(), &rendered.links));
        Self { context, content, title, body, rendered, recent: OnceCell::new() }
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

    /// The texts in a place: as they were written, and, where that is something
    /// else, as readers see them. A condition holds when it holds in either.
    pub(super) fn views(&self, place: Place) -> impl Iterator<Item = View<'_, 's>> {
        let title = self.title.as_ref().filter(|_| place.includes(Place::Title));
        let is_body = place.includes(Place::Body);
        let body = Some(&self.body).filter(|_| is_body);
        let rendered = self.rendered.as_ref().filter(|_| is_body);
        std::iter::once([title, body]).chain(rendered.map(|rendered| [title, Some(rendered)]))
    }
}

/// The title, and one of the forms of the body.
pub(super) type View<'v, 's> = [Option<&'v Field<'s>>; 2];

/// Whether readers see other words than the author wrote, or links.
fn says_more(rendered: &Rendered, source: &str) -> bool {
    !rendered.links.is_empty() || !rendered.text.split_whitespace().eq(source.split_whitespace())
}

impl<'s> Field<'s> {
    pub(super) fn links(&self) -> &[Link<'s>] {
        self.links.get_or_init(|| match self.targets {
            [] => find_links(self.text).collect(),
            targets => rendered_links(self.text, targets),
        })
    }
}
