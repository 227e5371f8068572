//! Learns what spam is from what moderators correct: a naive Bayes filter over
//! words, all of whose memory is one value in the state.

use gatherly_plugin::content::{BeforePublish, Content, Decision};
use gatherly_plugin::decision::{Overridden, OverriddenDecision, Resolution};
use gatherly_plugin::{Context, Evidence, Outcome, Plugin, state};
use serde::Deserialize;

/// Words share so many counters, by a hash: the memory has a fixed size.
const BUCKETS: usize = 2048;
/// Counters go up to here; then all are halved.
const FULL: u32 = 200;
/// Where the memory is kept.
const KEY: &str = "words";
/// What a counter of 0 is written as: the first character that takes two bytes
/// and that everything can print.
const ZERO: u32 = 0xa1;

/// How strict it is.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Holds from so many times as likely spam as not.
    odds: f64,
    /// Holds nothing before it has learnt so many of each.
    lessons: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { odds: 50.0, lessons: 10 }
    }
}

impl Plugin for Filter {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

/// How many texts with a word were spam, and how many were not. The last bucket
/// counts all texts.
struct Memory {
    spam: Vec<u32>,
    ham: Vec<u32>,
}

impl Memory {
    fn load() -> Self {
        let text = state::get(KEY).unwrap_or_default();
        let mut counts: Vec<u32> =
            text.chars().map(|c| u32::from(c).saturating_sub(ZERO)).collect();
        counts.resize(2 * (BUCKETS + 1), 0);
        let ham = counts.split_off(BUCKETS + 1);
        Self { spam: counts, ham }
    }

    fn store(&self) {
        let counts = self.spam.iter().chain(&self.ham);
        let text: String = counts.filter_map(|count| char::from_u32(count + ZERO)).collect();
        // Without it the filter knows what it knew before.
        if let Err(error) = state::put(KEY, &text, None, None) {
            gatherly_plugin::log::warn(&format!("cannot learn: {error:?}"));
        }
    }

    fn learn(&mut self, text: &str, is_spam: bool) {
        let counts = if is_spam { &mut self.spam } else { &mut self.ham };
        for bucket in buckets(text).into_iter().chain([BUCKETS]) {
            if let Some(count) = counts.get_mut(bucket) {
                *count += 1;
            }
        }
        if counts.iter().any(|count| *count >= FULL) {
            self.spam.iter_mut().chain(&mut self.ham).for_each(|count| *count /= 2);
        }
    }

    fn lessons(&self) -> u32 {
        let all = |counts: &[u32]| counts.last().copied().unwrap_or(0);
        all(&self.spam).min(all(&self.ham))
    }

    /// How many times as likely spam as not.
    fn odds(&self, text: &str) -> f64 {
        let share = |counts: &[u32], bucket: usize| {
            let count = |at| f64::from(counts.get(at).copied().unwrap_or(0));
            (count(bucket) + 1.0) / (count(BUCKETS) + 2.0)
        };
        let words = buckets(text).into_iter();
        words.map(|it| share(&self.spam, it) / share(&self.ham, it)).product()
    }
}

/// The buckets of a text's words, each once (FNV-1a).
fn buckets(text: &str) -> Vec<usize> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2);
    let hash = |word: &str| {
        word.to_lowercase()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    };
    let mut buckets: Vec<usize> =
        words.map(|word| usize::try_from(hash(word)).unwrap_or(0) % BUCKETS).collect();
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

/// The words that readers see, and the addresses behind them.
fn text(context: &Context, content: &Content) -> String {
    let title = content.title.as_deref().unwrap_or_default();
    let Some(rendered) = context.event.rendered() else {
        return format!("{title}\n{}", content.body);
    };
    let links = rendered.links.iter().map(|link| link.url.as_str());
    [title, &rendered.text].into_iter().chain(links).collect::<Vec<_>>().join("\n")
}

impl BeforePublish for Filter {
    fn before_publish(&self, context: &Context, draft: &Content) -> Decision {
        let memory = Memory::load();
        let odds = memory.odds(&text(context, draft));
        if memory.lessons() < self.lessons || odds < self.odds {
            return Decision::allow();
        }
        Decision::hold("This looks like spam. A moderator will have a look.")
            .because(Evidence::new("learnt", "words of spam").measured("odds", &odds.round()))
    }
}

impl Overridden for Filter {
    fn overridden(&self, context: &Context, decision: &OverriddenDecision) -> Outcome {
        if let Some(content) = &decision.content {
            let mut memory = Memory::load();
            memory.learn(&text(context, content), decision.resolution == Resolution::Removed);
            memory.store();
        }
        Outcome::nothing()
    }
}

gatherly_plugin::export!(Filter: content::BeforePublish, decision::Overridden);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{content::Verdict, testing};

    use super::*;

    fn teach(filter: &Filter, body: &str, resolution: Resolution) {
        let lesson = OverriddenDecision {
            decision_id: "decision-1".to_owned(),
            hook: "content.before-publish".to_owned(),
            verdict: "allow".to_owned(),
            resolution,
            content: Some(testing::comment(body)),
        };
        assert_eq!(filter.overridden(&testing::context(), &lesson), Outcome::nothing());
    }

    fn is_held(filter: &Filter, body: &str) -> bool {
        let decision = filter.before_publish(&testing::context(), &testing::comment(body));
        matches!(decision.verdict, Verdict::Hold(_))
    }

    #[test]
    fn it_learns_from_moderators() {
        let _memory = testing::state();
        let filter = Filter::default();
        let spam = "Cheap watches, buy cheap watches now with free shipping";
        assert!(!is_held(&filter, spam));
        for _ in 0..12 {
            teach(&filter, spam, Resolution::Removed);
            teach(&filter, "My bread did not rise, what about the flour?", Resolution::Approved);
        }
        assert!(is_held(&filter, "buy cheap WATCHES with free shipping"));
        assert!(!is_held(&filter, "Which flour makes bread rise?"));
        assert!(!is_held(&filter, "Something else entirely"));
    }

    #[test]
    fn its_memory_has_a_fixed_size() {
        let _memory = testing::state();
        let filter = Filter::default();
        for number in 0..1_000 {
            teach(&filter, &format!("word{number} and other{number}"), Resolution::Removed);
        }
        let memory = state::get(KEY).unwrap();
        assert_eq!(memory.chars().count(), 2 * (BUCKETS + 1));
        assert!(memory.len() < 64 * 1024, "{}", memory.len());
    }
}
