//! From rules and content to a decision: the same for the same input. Rules are
//! asked by priority, until one that allows holds; the strictest one that holds
//! decides, and all that hold bring their evidence and effects.

use std::cmp::Reverse;

use gatherly_plugin::content::{self, Content, Decision, Patch, Verdict};
use gatherly_plugin::{Context, Role};

use crate::condition::{Condition, Place};
use crate::model::{self, Action, Kind, Operation, Rule};
use crate::words::{Lists, Words};

mod case;
mod subject;

use case::Case;
use subject::Subject;

/// Pieces of evidence in one decision: what the host takes.
const EVIDENCE: usize = 32;

/// Effects in one decision: what the host takes.
const EFFECTS: usize = 16;

/// Rules, ready to judge.
#[derive(Debug)]
pub(crate) struct Policy {
    rules: Vec<Rule>,
    words: Words,
    /// Whether a rule looks at the text: the host renders it then.
    reads_text: bool,
}

impl Policy {
    /// Makes a policy from settings.
    pub(crate) fn new(settings: &str) -> Result<Self, String> {
        let mut rules = model::parse(settings)?;
        let mut lists = Lists::default();
        for rule in &mut rules {
            number_lists(&mut rule.when, &mut lists);
        }
        let reads_text = rules.iter().any(|rule| rule.when.reads_text());
        Ok(Self { rules, words: lists.build()?, reads_text })
    }

    /// Judges content.
    pub(crate) fn decide(&self, context: &Context, draft: &Content) -> Decision {
        let rendered = if self.reads_text { context.event.rendered() } else { None };
        let subject = Subject::new(&self.words, context, draft, rendered.as_ref());
        let actor = context.actor.as_ref();
        let is_staff = actor.is_some_and(|actor| actor.role != Role::Member);
        let mut decision = Decision::allow();
        let mut strictest = Action::Allow;
        let mut patch = Patch::default();
        let mut found = Vec::new();
        for rule in &self.rules {
            if !rule.applies_to(draft) || (rule.moderators_exempt && is_staff) {
                continue;
            }
            let Some(evidence) = Case::new(&subject, rule).evidence() else {
                continue;
            };
            if rule.action == Action::Allow {
                break;
            }
            found.push((rule.action, evidence));
            decision.effects.extend(rule.effects.effects(&draft.target(), actor));
            rule.rewrite(draft, &mut patch);
            // Among equals the first rule speaks.
            if rule.action > strictest {
                strictest = rule.action;
                decision.verdict = rule.verdict();
            }
        }
        if strictest == Action::Modify {
            decision.verdict = Verdict::Modify(patch);
        }
        // That of the strictest first: there may be more than is taken.
        found.sort_by_key(|(action, _)| Reverse(*action));
        decision.evidence = found.into_iter().flat_map(|(_, it)| it).take(EVIDENCE).collect();
        decision.effects.truncate(EFFECTS);
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
            words.number = lists.add(std::mem::take(&mut words.list), words.extent);
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

    /// Puts other words for what matches into a patch.
    fn rewrite(&self, draft: &Content, patch: &mut Patch) {
        for replacement in &self.replace {
            let fields = [
                (Place::Title, draft.title.as_ref(), &mut patch.title),
                (Place::Body, Some(&draft.body), &mut patch.body),
            ];
            for (place, text, patched) in fields {
                let Some(text) = text.filter(|_| replacement.place.includes(place)) else {
                    continue;
                };
                let before = patched.as_ref().unwrap_or(text);
                let after = replacement.pattern.replace_all(before, replacement.with.as_str());
                if after != *before {
                    *patched = Some(after.into_owned());
                }
            }
        }
    }

    fn verdict(&self) -> Verdict {
        match self.action {
            Action::Allow => Verdict::Allow,
            // What is changed is known when all rules were asked.
            Action::Annotate | Action::Modify => Verdict::Annotate,
            Action::Hold => Verdict::Hold(self.message.clone()),
            Action::Reject => Verdict::Reject(self.message.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
