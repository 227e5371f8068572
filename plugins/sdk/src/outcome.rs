//! What hooks answer that run after the event.

use crate::{Effect, Evidence};

/// What is to be done after an event, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

impl Outcome {
    /// Nothing is to be done.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Adds a piece of evidence.
    #[must_use]
    pub fn because(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Adds something that is to be done.
    #[must_use]
    pub fn also(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}

/// One effect without evidence.
impl From<Effect> for Outcome {
    fn from(effect: Effect) -> Self {
        Self::nothing().also(effect)
    }
}
