//! Accounts: the hooks `account.before-register` and `account.after-register`.

pub use crate::bindings::account_after_register::exports::gatherly::plugin::account_after_register::Registered;
pub use crate::bindings::account_before_register::exports::gatherly::plugin::account_before_register::{
    Decision, Registration, Verdict,
};
use crate::verdicts::{allows, decisions, holds, rejects};
use crate::{Context, Outcome, Plugin};

/// Is asked before an account is made.
pub trait BeforeRegister: Plugin {
    /// Decides.
    fn before_register(&self, context: &Context, registration: &Registration) -> Decision;
}

/// Is told once an account can be used.
pub trait AfterRegister: Plugin {
    /// Tells what is to be done.
    fn after_register(&self, context: &Context, registered: &Registered) -> Outcome;
}

decisions!();
allows!();
holds!();
rejects!();
