//! The part of a decision that is the same for every hook.

/// The verdicts that every hook knows, and `because`.
macro_rules! decisions {
    () => {
        impl Decision {
            /// No objection.
            #[must_use]
            pub fn allow() -> Self {
                Self::from(Verdict::Allow)
            }

            /// Refuses. The reason is shown to the actor.
            #[must_use]
            pub fn reject(reason: impl Into<String>) -> Self {
                Self::from(Verdict::Reject(reason.into()))
            }

            /// Adds a piece of evidence.
            #[must_use]
            pub fn because(mut self, evidence: $crate::Evidence) -> Self {
                self.evidence.push(evidence);
                self
            }
        }

        /// Without evidence.
        impl From<Verdict> for Decision {
            fn from(verdict: Verdict) -> Self {
                Self { verdict, evidence: Vec::new() }
            }
        }
    };
}

/// The verdict of hooks whose subject can wait for a moderator.
macro_rules! holds {
    () => {
        impl Decision {
            /// Lets a moderator decide. The reason is shown to the actor.
            #[must_use]
            pub fn hold(reason: impl Into<String>) -> Self {
                Self::from(Verdict::Hold(reason.into()))
            }
        }
    };
}

pub(crate) use {decisions, holds};
