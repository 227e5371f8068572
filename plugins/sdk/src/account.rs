//! New accounts: the hook `account.before-register`.

pub use crate::bindings::account::exports::gatherly::plugin::account_before_register::{
    Decision, Registration, Verdict,
};
use crate::decision::{decisions, holds};
use crate::{Context, Plugin};

/// Is asked before an account is made.
pub trait BeforeRegister: Plugin {
    /// Decides.
    fn before_register(&self, context: &Context, registration: &Registration) -> Decision;
}

decisions!();
holds!();
