//! Every hook point, one row each: its interface, what it may decide, and what
//! happens when a plugin cannot answer.
//!
//! A new hook is one more variant and row here, its interface in `wit/`, one
//! call site and one contract test.

use serde::{Deserialize, Serialize};

use super::decision::Verdict;

/// A place where plugins decide. `before-` may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookPoint {
    /// Before an account is made.
    #[serde(rename = "account.before-register")]
    AccountBeforeRegister,
    /// Before a post or a comment is published or changed.
    #[serde(rename = "content.before-publish")]
    ContentBeforePublish,
    /// Before a vote is counted, changed or taken back.
    #[serde(rename = "vote.before-cast")]
    VoteBeforeCast,
}

/// What happens when a plugin cannot answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureMode {
    /// As if the plugin were not bound.
    Open,
    /// The deed is refused for now.
    Closed,
    /// A moderator decides.
    Hold,
}

impl FailureMode {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Hold => "hold",
        }
    }
}

/// What is known of one hook.
#[derive(Debug)]
pub struct Row {
    /// The hook.
    pub point: HookPoint,
    /// Its name in the API, in records and in metrics.
    pub name: &'static str,
    /// Its interface, at the version that this server speaks.
    pub interface: &'static str,
    /// What the interface can answer, from mild to strict.
    pub verdicts: &'static [Verdict],
    /// What a binding may choose for the case that the plugin cannot answer;
    /// the first is the default.
    pub failure_modes: &'static [FailureMode],
    /// One line for people.
    pub doc: &'static str,
}

/// The function that every hook's interface exports.
pub(super) const DECIDE: &str = "decide";

/// The optional interface that takes the settings.
pub(super) const LIFECYCLE: &str = "gatherly:plugin/lifecycle@0.1.0";

/// Its function.
pub(super) const CONFIGURE: &str = "configure";

/// The interface that every component may import.
pub(super) const LOG: &str = "gatherly:plugin/log@0.1.0";

/// The interface that holds shared types and no functions.
pub(super) const TYPES: &str = "gatherly:plugin/types@0.1.0";

/// The hooks, in the order of [`HookPoint`].
pub static CATALOGUE: [Row; HookPoint::COUNT] = [
    Row {
        point: HookPoint::AccountBeforeRegister,
        name: "account.before-register",
        interface: "gatherly:plugin/account-before-register@0.1.0",
        verdicts: &[Verdict::Allow, Verdict::Hold, Verdict::Reject],
        failure_modes: &[FailureMode::Hold, FailureMode::Open, FailureMode::Closed],
        doc: "Before an account is made.",
    },
    Row {
        point: HookPoint::ContentBeforePublish,
        name: "content.before-publish",
        interface: "gatherly:plugin/content-before-publish@0.1.0",
        verdicts: &[
            Verdict::Allow,
            Verdict::Annotate,
            Verdict::Modify,
            Verdict::Hold,
            Verdict::Reject,
        ],
        failure_modes: &[FailureMode::Hold, FailureMode::Open, FailureMode::Closed],
        doc: "Before a post or a comment is published or changed.",
    },
    Row {
        point: HookPoint::VoteBeforeCast,
        name: "vote.before-cast",
        interface: "gatherly:plugin/vote-before-cast@0.1.0",
        verdicts: &[Verdict::Allow, Verdict::Reject],
        failure_modes: &[FailureMode::Open, FailureMode::Closed],
        doc: "Before a vote is counted, changed or taken back.",
    },
];

impl HookPoint {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// Its row.
    pub fn row(self) -> &'static Row {
        match self {
            Self::AccountBeforeRegister => &CATALOGUE[0],
            Self::ContentBeforePublish => &CATALOGUE[1],
            Self::VoteBeforeCast => &CATALOGUE[2],
        }
    }

    /// Its name in the API, in records and in metrics.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The hook with this name.
    pub fn parse(name: &str) -> Option<Self> {
        CATALOGUE.iter().find(|row| row.name == name).map(|row| row.point)
    }

    /// Its place in per-hook arrays.
    pub(super) fn index(self) -> usize {
        match self {
            Self::AccountBeforeRegister => 0,
            Self::ContentBeforePublish => 1,
            Self::VoteBeforeCast => 2,
        }
    }

    /// What a binding's choice means for this hook: the choice where the hook
    /// allows it, the hook's default elsewhere.
    pub fn failure_mode(self, chosen: Option<FailureMode>) -> FailureMode {
        let [default, ..] = self.row().failure_modes else {
            return FailureMode::Open;
        };
        chosen.filter(|mode| self.row().failure_modes.contains(mode)).unwrap_or(*default)
    }
}

impl std::fmt::Display for HookPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
