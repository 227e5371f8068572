//! Grave actions need two moderators, and those that somebody could appeal
//! against need a reason. Admins act alone.

use gatherly_plugin::mod_action::{Action, BeforeApply, Decision, Kind};
use gatherly_plugin::{Context, Evidence, Plugin, Role};
use serde::Deserialize;

/// What needs what.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoModerators {
    /// Needs two moderators.
    second: Vec<Deed>,
    /// Needs a reason.
    reason: Vec<Deed>,
}

/// What moderators do, as the settings write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Take content away.
    Remove,
    /// Bring it back.
    Restore,
    /// Close a thread.
    Lock,
    /// Open it.
    Unlock,
    /// Warn somebody.
    Warn,
    /// Ban somebody.
    Ban,
    /// Take a ban back.
    LiftBan,
}

impl From<Kind> for Deed {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Remove => Self::Remove,
            Kind::Restore => Self::Restore,
            Kind::Lock => Self::Lock,
            Kind::Unlock => Self::Unlock,
            Kind::Warn => Self::Warn,
            Kind::Ban => Self::Ban,
            Kind::LiftBan => Self::LiftBan,
        }
    }
}

impl Default for TwoModerators {
    fn default() -> Self {
        Self { second: vec![Deed::Ban], reason: vec![Deed::Ban, Deed::Remove, Deed::Warn] }
    }
}

impl Plugin for TwoModerators {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl BeforeApply for TwoModerators {
    fn before_apply(&self, context: &Context, action: &Action) -> Decision {
        let deed = Deed::from(action.kind);
        let has_reason = action.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        let is_admin = context.actor.as_ref().is_some_and(|actor| actor.role == Role::Admin);
        if self.reason.contains(&deed) && !has_reason {
            return Decision::require_reason();
        }
        if self.second.contains(&deed) && action.seconded == 0 && !is_admin {
            return Decision::require_second("This needs two moderators.")
                .because(Evidence::new("second", "nobody else asked for it in the last day"));
        }
        Decision::allow()
    }
}

gatherly_plugin::export!(TwoModerators: mod_action::BeforeApply);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{Actor, mod_action::Verdict, testing};

    use super::*;

    fn apply(kind: Kind, seconded: u32, reason: &str, role: Role) -> Verdict {
        let context =
            Context { actor: Some(Actor { role, ..testing::actor() }), ..testing::context() };
        let action = Action { reason: Some(reason.to_owned()), ..testing::action(kind, seconded) };
        TwoModerators::default().before_apply(&context, &action).verdict
    }

    #[test]
    fn bans_need_a_second_moderator() {
        assert!(matches!(apply(Kind::Ban, 0, "rude", Role::Moderator), Verdict::RequireSecond(_)));
        assert_eq!(apply(Kind::Ban, 1, "rude", Role::Moderator), Verdict::Allow);
        assert_eq!(apply(Kind::Ban, 0, "rude", Role::Admin), Verdict::Allow);
        assert_eq!(apply(Kind::Lock, 0, "", Role::Moderator), Verdict::Allow);
    }

    #[test]
    fn what_can_be_appealed_needs_a_reason() {
        assert_eq!(apply(Kind::Warn, 0, " ", Role::Admin), Verdict::RequireReason);
        assert_eq!(apply(Kind::Warn, 0, "rude", Role::Moderator), Verdict::Allow);
    }
}
