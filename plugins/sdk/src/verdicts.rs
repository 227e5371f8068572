//! The parts of a decision that are the same for several hooks.

/// `because`, `also`, and a decision of a bare verdict: what every hook has.
macro_rules! decisions {
    () => {
        impl Decision {
            /// Adds a piece of evidence.
            #[must_use]
            pub fn because(mut self, evidence: $crate::Evidence) -> Self {
                self.evidence.push(evidence);
                self
            }

            /// Adds something that is to be done too; see [`effects`](crate::effects).
            #[must_use]
            pub fn also(mut self, effect: $crate::Effect) -> Self {
                self.effects.push(effect);
                self
            }
        }

        /// Without evidence and effects.
        impl From<Verdict> for Decision {
            fn from(verdict: Verdict) -> Self {
                Self { verdict, evidence: Vec::new(), effects: Vec::new() }
            }
        }
    };
}

/// The verdict of hooks where a plugin need not object.
macro_rules! allows {
    () => {
        impl Decision {
            /// No objection.
            #[must_use]
            pub fn allow() -> Self {
                Self::from(Verdict::Allow)
            }
        }
    };
}

/// The verdict of hooks that may refuse.
macro_rules! rejects {
    () => {
        impl Decision {
            /// Refuses. The reason is shown to the actor.
            #[must_use]
            pub fn reject(reason: impl Into<String>) -> Self {
                Self::from(Verdict::Reject(reason.into()))
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

/// The verdict of hooks whose subject a plugin may change.
macro_rules! modifies {
    () => {
        impl Decision {
            /// Goes on with changes, which needs the grant `modify`.
            #[must_use]
            pub fn modify(patch: Patch) -> Self {
                Self::from(Verdict::Modify(patch))
            }
        }
    };
}

pub(crate) use {allows, decisions, holds, modifies, rejects};
