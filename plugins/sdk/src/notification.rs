//! Notifications: the hook `notification.before-send`.

pub use crate::bindings::notification_before_send::exports::gatherly::plugin::notification_before_send::{
    Channel, Decision, Kind, Notification, Patch, Verdict,
};
use crate::verdicts::{decisions, modifies};
use crate::{Context, Plugin};

/// Is asked for each recipient and channel before a notification goes out.
pub trait BeforeSend: Plugin {
    /// Decides.
    fn before_send(&self, context: &Context, notification: &Notification) -> Decision;
}

decisions!();
modifies!();

impl Decision {
    /// Sends it as it is.
    #[must_use]
    pub fn deliver() -> Self {
        Self::from(Verdict::Deliver)
    }

    /// Does not send it; the reason is for the record.
    #[must_use]
    pub fn suppress(reason: impl Into<String>) -> Self {
        Self::from(Verdict::Suppress(reason.into()))
    }
}

/// Changes nothing.
impl Default for Patch {
    fn default() -> Self {
        Self { delay: None, channel: None, values: Vec::new() }
    }
}
