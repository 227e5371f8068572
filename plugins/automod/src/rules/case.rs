//! One rule looking at one subject: whether its condition holds, and why.

use std::ops::Range;

use gatherly_plugin::{Actor, Evidence, Role};

use super::EVIDENCE;
use super::subject::{Field, Subject, View};
use crate::condition::{self, Age, Condition, Place};
use crate::links::Link;
use crate::measure::{capitals, mentions};
use crate::model::Rule;

/// Characters of the text that evidence quotes; the span tells the rest.
const QUOTED: usize = 60;

/// One rule looking at one subject.
pub(super) struct Case<'c> {
    subject: &'c Subject<'c>,
    rule: &'c Rule,
    evidence: Vec<Evidence>,
}

impl<'c> Case<'c> {
    pub(super) fn new(subject: &'c Subject<'c>, rule: &'c Rule) -> Self {
        Self { subject, rule, evidence: Vec::new() }
    }

    /// Why the rule holds; none if it does not.
    pub(super) fn evidence(mut self) -> Option<Vec<Evidence>> {
        let holds = self.holds(&self.rule.when);
        if holds && self.evidence.is_empty() {
            self.add(Evidence::new(self.rule.id.as_str(), "the rule's condition holds"));
        }
        holds.then_some(self.evidence)
    }

    /// Whether a condition holds. All parts are asked, so that the evidence is
    /// complete; what does not hold leaves none.
    fn holds(&mut self, condition: &Condition) -> bool {
        let before = self.evidence.len();
        let holds = match condition {
            Condition::All(parts) => {
                parts.iter().filter(|part| self.holds(part)).count() == parts.len()
            }
            Condition::Any(parts) => parts.iter().filter(|part| self.holds(part)).count() > 0,
            Condition::Not(part) => {
                let holds = self.holds(part);
                self.evidence.truncate(before);
                !holds
            }
            Condition::Words(_)
            | Condition::Regex(_)
            | Condition::Links(_)
            | Condition::Length(_)
            | Condition::Capitals(_)
            | Condition::Mentions(_)
            | Condition::Url(_) => self.text_holds(condition),
            Condition::Repeats(_)
            | Condition::Recent(_)
            | Condition::Reports(_)
            | Condition::Attachments(_)
            | Condition::Submitter(_)
            | Condition::Reply(_)
            | Condition::Community(_) => self.event_holds(condition),
            _ => {
                let actor = self.subject.context.actor.as_ref();
                actor.is_some_and(|actor| self.actor_holds(condition, actor))
            }
        };
        if !holds {
            self.evidence.truncate(before);
        }
        holds
    }

    /// A condition on the text.
    fn text_holds(&mut self, condition: &Condition) -> bool {
        let subject = self.subject;
        match condition {
            Condition::Words(words) => self.found(words.place, 1, |field| {
                let hits = field.hits.iter().filter(|hit| hit.list == words.number);
                hits.map(|hit| field.found(hit.span.clone(), "is listed"))
            }),
            Condition::Regex(pattern) => self.found(pattern.place, 1, |field| {
                let matches = pattern.regex.find_iter(field.text);
                matches.map(|found| field.found(found.range(), "matches"))
            }),
            Condition::Links(links) => self.found(links.place, links.min, |field| {
                let wanted = field.links().iter().filter(|link| links.counts(link));
                wanted.map(|link| found(link, "is a link"))
            }),
            Condition::Url(pattern) => self.found(Place::Both, 1, |field| {
                let is_wanted = |link: &&Link<'_>| !link.is_guess && pattern.is_match(link.url);
                let wanted = field.links().iter().filter(is_wanted);
                wanted.map(|link| found(link, "is such a link"))
            }),
            Condition::Mentions(wanted) => self.found(wanted.place, wanted.min, |field| {
                mentions(field.text).map(|span| field.found(span, "is a mention"))
            }),
            Condition::Length(length) => subject.views(length.place).any(|view| {
                let characters = texts(view).map(|text| text.chars().count()).sum();
                texts(view).next().is_some()
                    && length.bounds.contain(&characters)
                    && self.measured("length", &format!("{characters} characters"))
            }),
            Condition::Capitals(wanted) => subject.views(wanted.place).any(|view| {
                let (upper, letters) = capitals(texts(view));
                letters >= wanted.letters.max(1)
                    && upper * 100 >= letters * wanted.percent.0
                    && self.measured("capitals", &format!("{} %", upper * 100 / letters))
            }),
            _ => false,
        }
    }

    /// A condition on what is around the content.
    fn event_holds(&mut self, condition: &Condition) -> bool {
        let Subject { context, content, .. } = *self.subject;
        match condition {
            Condition::Reply(wanted) => content.parent_id.is_some() == *wanted,
            Condition::Community(slugs) => {
                context.community.as_ref().is_some_and(|slug| slugs.0.contains(slug))
            }
            Condition::Repeats(wanted) => {
                let repeats = self.subject.repeats();
                repeats >= wanted.min && self.measured("the same before", &repeats)
            }
            Condition::Recent(wanted) => {
                let since = context.time.saturating_sub(wanted.within.0);
                let recent = self.subject.recent().iter();
                let count = recent.filter(|earlier| earlier.created_at >= since).count();
                count >= wanted.min && self.measured("written lately", &count)
            }
            Condition::Reports(bounds) => {
                let reports = context.event.reports().len();
                bounds.contain(&reports) && self.measured("reports", &reports)
            }
            Condition::Attachments(bounds) => {
                let pictures = context.event.attachments().len();
                bounds.contain(&pictures) && self.measured("pictures", &pictures)
            }
            Condition::Submitter(wanted) => {
                let (thread, actor) = (context.event.thread(), context.actor.as_ref());
                let author = thread.map(|thread| thread.author_id);
                let is_submitter = author.is_some() && author.as_ref() == actor.map(|it| &it.id);
                is_submitter == *wanted
            }
            _ => false,
        }
    }

    /// A condition on the author.
    fn actor_holds(&mut self, condition: &Condition, actor: &Actor) -> bool {
        let published = u64::from(actor.post_count) + u64::from(actor.comment_count);
        match condition {
            Condition::AccountAge(bounds) => {
                let age = Age(actor.account_age);
                bounds.contain(&age) && self.measured("account age", &age)
            }
            Condition::Score(bounds) => {
                bounds.contain(&actor.score) && self.measured("score", &actor.score)
            }
            Condition::FirstPost(wanted) => {
                (published == 0) == *wanted && self.measured("published before", &published)
            }
            Condition::Verified(wanted) => {
                actor.verified == *wanted && self.measured("verified", &actor.verified)
            }
            Condition::Role(roles) => {
                let (role, name) = match actor.role {
                    Role::Member => (condition::Role::Member, "member"),
                    Role::Moderator => (condition::Role::Moderator, "moderator"),
                    Role::Admin => (condition::Role::Admin, "admin"),
                };
                roles.0.contains(&role) && self.measured("role", &name)
            }
            Condition::Username(pattern) => {
                pattern.is_match(&actor.username) && self.measured("name", &actor.username)
            }
            Condition::PostCount(bounds) => {
                bounds.contain(&actor.post_count) && self.measured("posts", &actor.post_count)
            }
            Condition::CommentCount(bounds) => {
                bounds.contain(&actor.comment_count)
                    && self.measured("comments", &actor.comment_count)
            }
            Condition::Strikes(bounds) => {
                bounds.contain(&actor.strikes) && self.measured("strikes", &actor.strikes)
            }
            Condition::Labels(labels) => {
                let label = actor.labels.iter().find(|label| labels.0.contains(label));
                label.is_some_and(|label| self.measured("label", label))
            }
            _ => false,
        }
    }

    /// Whether at least `min` places are found in one form of the texts; each is
    /// evidence.
    fn found<I>(&mut self, place: Place, min: usize, find: impl Fn(&'c Field<'c>) -> I) -> bool
    where
        I: Iterator<Item = Found<'c>>,
    {
        self.subject.views(place).any(|view| self.found_in(view, min, &find))
    }

    fn found_in<I>(
        &mut self,
        view: View<'c, 'c>,
        min: usize,
        find: impl Fn(&'c Field<'c>) -> I,
    ) -> bool
    where
        I: Iterator<Item = Found<'c>>,
    {
        let before = self.evidence.len();
        let mut count = 0;
        for field in view.into_iter().flatten() {
            for found in find(field).take(EVIDENCE.max(min)) {
                count += 1;
                if count <= EVIDENCE {
                    self.add(found.evidence(&self.rule.id, field.name));
                }
            }
        }
        if count < min {
            self.evidence.truncate(before);
        }
        count >= min
    }

    /// Keeps a measured property as evidence.
    fn measured(&mut self, name: &str, value: &impl ToString) -> bool {
        let text = format!("{name}: {}", value.to_string());
        self.add(Evidence::new(self.rule.id.as_str(), text).measured(name, value));
        true
    }

    fn add(&mut self, evidence: Evidence) {
        self.evidence.push(Evidence { public: self.rule.public, ..evidence });
    }
}

/// A place in a text, and why it is one.
struct Found<'t> {
    /// None for an address that readers do not see.
    span: Option<Range<usize>>,
    /// Evidence quotes this: what stands there, or the address behind it.
    text: &'t str,
    what: &'static str,
}

impl Found<'_> {
    fn evidence(self, rule: &str, field: &str) -> Evidence {
        let quoted = quoted(self.text);
        let evidence = Evidence::new(rule, format!("“{quoted}” {}", self.what));
        match self.span {
            Some(span) => evidence.at(field, span),
            None => evidence.field(field).measured("url", &quoted),
        }
    }
}

impl<'s> Field<'s> {
    fn found(&self, span: Range<usize>, what: &'static str) -> Found<'s> {
        let text = self.text.get(span.clone()).unwrap_or_default();
        Found { span: Some(span), text, what }
    }
}

fn found<'t>(link: &Link<'t>, what: &'static str) -> Found<'t> {
    Found { span: link.span.clone(), text: link.url, what }
}

/// The texts of a view.
fn texts<'s>(view: View<'_, 's>) -> impl Iterator<Item = &'s str> {
    view.into_iter().flatten().map(|field| field.text)
}

/// The beginning of a text.
fn quoted(text: &str) -> &str {
    let end = text.char_indices().nth(QUOTED).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}
