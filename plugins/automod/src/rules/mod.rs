//! From rules and content to a decision: pure, and the same for the same input.
//! Every rule is asked; the strictest one that holds decides, and all that hold
//! bring their evidence.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::ops::Range;

use gatherly_plugin::content::{self, Content, Decision, Verdict};
use gatherly_plugin::{Actor, Evidence, Role};

use crate::condition::{self, Age, Condition, Place};
use crate::links::{Link, find_links};
use crate::measure::{capitals, mentions};
use crate::model::{self, Action, Kind, Operation, Rule};
use crate::words::{Hit, Lists, Words};

/// Pieces of evidence in one decision: what the host takes.
const EVIDENCE: usize = 32;

/// Characters of the text that evidence quotes; the span tells the rest.
const QUOTED: usize = 60;

/// Rules, ready to judge.
#[derive(Debug)]
pub(crate) struct Policy {
    rules: Vec<Rule>,
    words: Words,
}

impl Policy {
    /// Makes a policy from settings.
    pub(crate) fn new(settings: &str) -> Result<Self, String> {
        let mut rules = model::parse(settings)?;
        let mut lists = Lists::default();
        for rule in &mut rules {
            number_lists(&mut rule.when, &mut lists);
        }
        Ok(Self { rules, words: lists.build()? })
    }

    /// Judges content.
    pub(crate) fn decide(&self, actor: Option<&Actor>, draft: &Content) -> Decision {
        let subject = Subject::new(&self.words, actor, draft);
        let mut held: Vec<(&Rule, Vec<Evidence>)> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.applies_to(draft)) {
            let mut case = Case { subject: &subject, rule, evidence: Vec::new() };
            if case.holds(&rule.when) {
                if case.evidence.is_empty() {
                    case.add(Evidence::new(rule.id.as_str(), "the rule's condition holds"));
                }
                held.push((rule, case.evidence));
            }
        }
        // Stable: among equals the first rule speaks.
        held.sort_by_key(|(rule, _)| Reverse(rule.action));
        let Some((strictest, _)) = held.first() else {
            return Decision::allow();
        };
        let mut decision = Decision::from(strictest.verdict());
        decision.evidence =
            held.into_iter().flat_map(|(_, evidence)| evidence).take(EVIDENCE).collect();
        decision
    }
}

/// Moves the words of a condition into the lists, and tells it their number.
fn number_lists(condition: &mut Condition, lists: &mut Lists) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                number_lists(part, lists);
            }
        }
        Condition::Not(part) => number_lists(part, lists),
        Condition::Words(words) => {
            words.number = lists.add(std::mem::take(&mut words.list), words.anywhere);
        }
        _ => {}
    }
}

impl Rule {
    fn applies_to(&self, content: &Content) -> bool {
        let kind = match content.kind {
            content::Kind::Post => Kind::Post,
            content::Kind::Comment => Kind::Comment,
        };
        let operation = match content.operation {
            content::Operation::Create => Operation::Create,
            content::Operation::Edit => Operation::Edit,
        };
        self.kinds.contains(&kind) && self.operations.contains(&operation)
    }

    fn verdict(&self) -> Verdict {
        match self.action {
            Action::Annotate => Verdict::Annotate,
            Action::Hold => Verdict::Hold(self.message.clone()),
            Action::Reject => Verdict::Reject(self.message.clone()),
        }
    }
}

/// What is judged, with the listed words in it.
struct Subject<'s> {
    actor: Option<&'s Actor>,
    /// The body last.
    fields: Vec<Field<'s>>,
}

/// A text of the content.
struct Field<'s> {
    name: &'static str,
    text: &'s str,
    hits: Vec<Hit>,
    /// Looked for when a rule asks, and once for all that do.
    links: OnceCell<Vec<Link<'s>>>,
}

impl<'s> Subject<'s> {
    fn new(words: &Words, actor: Option<&'s Actor>, content: &'s Content) -> Self {
        let field =
            |name, text| Field { name, text, hits: words.find(text), links: OnceCell::new() };
        let title = content.title.as_deref().map(|title| field("title", title));
        let body = field("body", content.body.as_str());
        Self { actor, fields: title.into_iter().chain([body]).collect() }
    }

    fn fields(&self, place: Place) -> &[Field<'s>] {
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

/// One rule looking at one subject.
struct Case<'c> {
    subject: &'c Subject<'c>,
    rule: &'c Rule,
    evidence: Vec<Evidence>,
}

impl Case<'_> {
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
            | Condition::Mentions(_) => self.text_holds(condition),
            _ => self.subject.actor.is_some_and(|actor| self.actor_holds(condition, actor)),
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
            Condition::Words(words) => self.found(subject.fields(words.place), 1, |field| {
                let hits = field.hits.iter().filter(|hit| hit.list == words.number);
                hits.map(|hit| (hit.span.clone(), "is listed"))
            }),
            Condition::Regex(pattern) => self.found(subject.fields(pattern.place), 1, |field| {
                pattern.regex.find_iter(field.text).map(|found| (found.range(), "matches"))
            }),
            Condition::Links(links) => {
                self.found(subject.fields(links.place), links.min, |field| {
                    let all = field.links.get_or_init(|| find_links(field.text).collect());
                    let wanted = all.iter().filter(|link| links.counts(link));
                    wanted.map(|link| (link.span.clone(), "is a link"))
                })
            }
            Condition::Mentions(wanted) => {
                self.found(subject.fields(wanted.place), wanted.min, |field| {
                    mentions(field.text).map(|span| (span, "is a mention"))
                })
            }
            Condition::Length(length) => {
                let fields = subject.fields(length.place);
                let characters = fields.iter().map(|field| field.text.chars().count()).sum();
                !fields.is_empty()
                    && length.bounds.contain(&characters)
                    && self.measured("length", &format!("{characters} characters"))
            }
            Condition::Capitals(wanted) => {
                let texts = subject.fields(wanted.place).iter().map(|field| field.text);
                let (upper, letters) = capitals(texts);
                letters >= wanted.letters.max(1)
                    && upper * 100 >= letters * wanted.percent.0
                    && self.measured("capitals", &format!("{} %", upper * 100 / letters))
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
            _ => false,
        }
    }

    /// Whether at least `min` places are found in the fields; each is evidence.
    fn found<'f, I>(
        &mut self,
        fields: &'f [Field<'f>],
        min: usize,
        find: impl Fn(&'f Field<'f>) -> I,
    ) -> bool
    where
        I: Iterator<Item = (Range<usize>, &'static str)>,
    {
        let mut count = 0;
        for field in fields {
            for (span, what) in find(field).take(EVIDENCE.max(min)) {
                count += 1;
                if count <= EVIDENCE {
                    let text = format!("“{}” {what}", quoted(field.text, &span));
                    self.add(Evidence::new(self.rule.id.as_str(), text).at(field.name, span));
                }
            }
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

/// The beginning of what stands in a range.
fn quoted<'t>(text: &'t str, span: &Range<usize>) -> &'t str {
    let found = text.get(span.clone()).unwrap_or_default();
    let end = found.char_indices().nth(QUOTED).map_or(found.len(), |(at, _)| at);
    found.get(..end).unwrap_or(found)
}

#[cfg(test)]
mod tests;
