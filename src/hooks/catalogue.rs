//! Every hook point, one row each: its interface, what it may decide, and what
//! happens when a plugin cannot answer.
//!
//! A new hook is one more variant and row here, its interface in `wit/`, one
//! call site and one contract test.

use serde::{Deserialize, Serialize};

use super::{contract::Contract, decision::Verdict};

/// A place where plugins decide or are told. `before-` may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HookPoint {
    /// Before an account is made.
    #[serde(rename = "account.before-register")]
    AccountBeforeRegister,
    /// After an account was made.
    #[serde(rename = "account.after-register")]
    AccountAfterRegister,
    /// Before a post or a comment is published or changed.
    #[serde(rename = "content.before-publish")]
    ContentBeforePublish,
    /// After a post or a comment was published or changed.
    #[serde(rename = "content.after-publish")]
    ContentAfterPublish,
    /// After a post or a comment was taken away.
    #[serde(rename = "content.after-remove")]
    ContentAfterRemove,
    /// Before a vote is counted, changed or taken back.
    #[serde(rename = "vote.before-cast")]
    VoteBeforeCast,
    /// Before a picture can be used.
    #[serde(rename = "media.before-attach")]
    MediaBeforeAttach,
    /// Before a ban is imposed.
    #[serde(rename = "ban.decide")]
    BanDecide,
    /// Before a moderator's action is carried out.
    #[serde(rename = "mod-action.before-apply")]
    ModActionBeforeApply,
    /// After a moderator's action.
    #[serde(rename = "mod-action.applied")]
    ModActionApplied,
    /// Before a report is filed.
    #[serde(rename = "report.before-create")]
    ReportBeforeCreate,
    /// After a report was filed.
    #[serde(rename = "report.created")]
    ReportCreated,
    /// Before a notification goes to one recipient by one channel.
    #[serde(rename = "notification.before-send")]
    NotificationBeforeSend,
    /// After an appeal was made.
    #[serde(rename = "appeal.submitted")]
    AppealSubmitted,
    /// After a person has decided otherwise than a plugin.
    #[serde(rename = "decision.overridden")]
    DecisionOverridden,
    /// Every five minutes.
    #[serde(rename = "schedule.tick")]
    ScheduleTick,
}

/// Whether a hook decides what happens, or is told what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookKind {
    /// Asked before, by `decide`; its verdict counts.
    Deciding,
    /// Told after, by `handle`; its evidence and effects count.
    After,
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
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The hook.
    pub point: HookPoint,
    /// Its name in the API, in records and in metrics.
    pub name: &'static str,
    /// Its interface, at the version that this server speaks.
    pub interface: &'static str,
    /// The first version of the contract that has it.
    pub since: Contract,
    /// Whether it decides.
    pub kind: HookKind,
    /// What the interface can answer, from mild to strict.
    pub verdicts: &'static [Verdict],
    /// What a binding may choose for the case that the plugin cannot answer;
    /// the first is the default.
    pub failure_modes: &'static [FailureMode],
    /// One line for people.
    pub doc: &'static str,
}

impl Row {
    /// The function that its interface exports.
    pub fn function(&self) -> &'static str {
        match self.kind {
            HookKind::Deciding => "decide",
            HookKind::After => "handle",
        }
    }

    /// Its interface at a version of the contract, where that version has it.
    pub fn interface_at(&self, contract: Contract) -> Option<String> {
        let (name, _) = self.interface.split_once('@')?;
        (self.since <= contract).then(|| format!("{name}@{}", contract.as_str()))
    }
}

/// What all hooks share that are told afterwards.
const AFTER: Row = Row {
    point: HookPoint::ScheduleTick,
    name: "",
    interface: "",
    since: Contract::V0_2,
    kind: HookKind::After,
    verdicts: &[Verdict::Allow],
    failure_modes: FAILS_OPEN,
    doc: "",
};

/// What all hooks share that decide.
const DECIDING: Row = Row { kind: HookKind::Deciding, ..AFTER };

/// A failure never stands in the way.
const FAILS_OPEN: &[FailureMode] = &[FailureMode::Open];
/// There is nobody to leave it to.
const OPEN_OR_CLOSED: &[FailureMode] = &[FailureMode::Open, FailureMode::Closed];
/// There is a queue of moderators to leave it to.
const HELD: &[FailureMode] = &[FailureMode::Hold, FailureMode::Open, FailureMode::Closed];

/// The hooks, in the order of [`HookPoint`].
pub static CATALOGUE: [Row; HookPoint::COUNT] = [
    Row {
        point: HookPoint::AccountBeforeRegister,
        name: "account.before-register",
        interface: "gatherly:plugin/account-before-register@0.3.0",
        since: Contract::V0_1,
        verdicts: &[Verdict::Allow, Verdict::Hold, Verdict::Reject],
        failure_modes: HELD,
        doc: "Before an account is made.",
        ..DECIDING
    },
    Row {
        point: HookPoint::AccountAfterRegister,
        name: "account.after-register",
        interface: "gatherly:plugin/account-after-register@0.3.0",
        doc: "After an account was made.",
        ..AFTER
    },
    Row {
        point: HookPoint::ContentBeforePublish,
        name: "content.before-publish",
        interface: "gatherly:plugin/content-before-publish@0.3.0",
        since: Contract::V0_1,
        verdicts: &[
            Verdict::Allow,
            Verdict::Annotate,
            Verdict::Modify,
            Verdict::Hold,
            Verdict::Reject,
        ],
        failure_modes: HELD,
        doc: "Before a post or a comment is published or changed.",
        ..DECIDING
    },
    Row {
        point: HookPoint::ContentAfterPublish,
        name: "content.after-publish",
        interface: "gatherly:plugin/content-after-publish@0.3.0",
        doc: "After a post or a comment was published or changed.",
        ..AFTER
    },
    Row {
        point: HookPoint::ContentAfterRemove,
        name: "content.after-remove",
        interface: "gatherly:plugin/content-after-remove@0.3.0",
        doc: "After a post or a comment was taken away.",
        ..AFTER
    },
    Row {
        point: HookPoint::VoteBeforeCast,
        name: "vote.before-cast",
        interface: "gatherly:plugin/vote-before-cast@0.3.0",
        since: Contract::V0_1,
        verdicts: &[Verdict::Allow, Verdict::Reject],
        failure_modes: OPEN_OR_CLOSED,
        doc: "Before a vote is counted, changed or taken back.",
        ..DECIDING
    },
    Row {
        point: HookPoint::MediaBeforeAttach,
        name: "media.before-attach",
        interface: "gatherly:plugin/media-before-attach@0.3.0",
        verdicts: &[Verdict::Allow, Verdict::Hold, Verdict::Reject],
        failure_modes: HELD,
        doc: "Before a picture can be used.",
        ..DECIDING
    },
    Row {
        point: HookPoint::BanDecide,
        name: "ban.decide",
        interface: "gatherly:plugin/ban-decide@0.3.0",
        verdicts: &[Verdict::Allow, Verdict::Modify, Verdict::Reject],
        failure_modes: OPEN_OR_CLOSED,
        doc: "Before a ban is imposed.",
        ..DECIDING
    },
    Row {
        point: HookPoint::ModActionBeforeApply,
        name: "mod-action.before-apply",
        interface: "gatherly:plugin/mod-action-before-apply@0.3.0",
        verdicts: &[Verdict::Allow, Verdict::Hold, Verdict::Reject],
        failure_modes: OPEN_OR_CLOSED,
        doc: "Before a moderator's action is carried out.",
        ..DECIDING
    },
    Row {
        point: HookPoint::ModActionApplied,
        name: "mod-action.applied",
        interface: "gatherly:plugin/mod-action-applied@0.3.0",
        doc: "After a moderator's action.",
        ..AFTER
    },
    Row {
        point: HookPoint::ReportBeforeCreate,
        name: "report.before-create",
        interface: "gatherly:plugin/report-before-create@0.3.0",
        verdicts: &[Verdict::Allow, Verdict::Modify, Verdict::Reject],
        failure_modes: OPEN_OR_CLOSED,
        doc: "Before a report is filed.",
        ..DECIDING
    },
    Row {
        point: HookPoint::ReportCreated,
        name: "report.created",
        interface: "gatherly:plugin/report-created@0.3.0",
        doc: "After a report was filed.",
        ..AFTER
    },
    Row {
        point: HookPoint::NotificationBeforeSend,
        name: "notification.before-send",
        interface: "gatherly:plugin/notification-before-send@0.3.0",
        verdicts: &[Verdict::Allow, Verdict::Modify, Verdict::Reject],
        doc: "Before a notification goes to one recipient by one channel.",
        ..DECIDING
    },
    Row {
        point: HookPoint::AppealSubmitted,
        name: "appeal.submitted",
        interface: "gatherly:plugin/appeal-submitted@0.3.0",
        doc: "After an appeal was made.",
        ..AFTER
    },
    Row {
        point: HookPoint::DecisionOverridden,
        name: "decision.overridden",
        interface: "gatherly:plugin/decision-overridden@0.3.0",
        doc: "After a person has decided otherwise than a plugin.",
        ..AFTER
    },
    Row {
        point: HookPoint::ScheduleTick,
        name: "schedule.tick",
        interface: "gatherly:plugin/schedule-tick@0.3.0",
        doc: "Every five minutes.",
        ..AFTER
    },
];

impl HookPoint {
    /// How many there are.
    pub const COUNT: usize = 16;

    /// Its row.
    #[expect(clippy::indexing_slicing, reason = "there is one row for each, in their order")]
    pub fn row(self) -> &'static Row {
        &CATALOGUE[self.index()]
    }

    /// Its name in the API, in records and in metrics.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether it decides what happens, or is told what happened.
    pub fn kind(self) -> HookKind {
        self.row().kind
    }

    /// The hook with this name.
    pub fn parse(name: &str) -> Option<Self> {
        CATALOGUE.iter().find(|row| row.name == name).map(|row| row.point)
    }

    /// Its place in the catalogue and in per-hook arrays.
    #[expect(clippy::as_conversions, reason = "the number of a variant is its place")]
    pub(super) const fn index(self) -> usize {
        self as usize
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
