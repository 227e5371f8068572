//! Accounts: `wit/account.wit`.

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{Decided, OldDecision, RawVerdict, Subject, told_afterwards, whole};
use crate::hooks::catalogue::HookPoint;

/// Who wants to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Registration {
    /// The name that others will see.
    pub username: String,
    /// What stands after the `@`; the address itself is not told.
    #[component(name = "email-domain")]
    pub email_domain: String,
}

/// Who joined; the actor of the context has the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lower)]
#[serde(deny_unknown_fields)]
#[component(record)]
pub struct Registered {
    /// What stands after the `@`.
    #[component(name = "email-domain")]
    pub email_domain: String,
}

/// `account-before-register.verdict`; that of media has the same shape.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub enum AdmissionVerdict {
    #[component(name = "allow")]
    Allow,
    #[component(name = "hold")]
    Hold(String),
    #[component(name = "reject")]
    Reject(String),
}

impl From<AdmissionVerdict> for RawVerdict {
    fn from(verdict: AdmissionVerdict) -> Self {
        match verdict {
            AdmissionVerdict::Allow => Self::Allow,
            AdmissionVerdict::Hold(reason) => Self::Hold(reason),
            AdmissionVerdict::Reject(reason) => Self::Reject(reason),
        }
    }
}

impl Subject for Registration {
    const HOOK: HookPoint = HookPoint::AccountBeforeRegister;
    const NAME: &'static str = "registration";
    type Answer = Decided<AdmissionVerdict>;
    type OldAnswer = OldDecision<AdmissionVerdict>;
    whole!();

    fn text(&self, field: &str) -> Option<&str> {
        match field {
            "username" => Some(&self.username),
            "email-domain" => Some(&self.email_domain),
            _ => None,
        }
    }
}

impl Subject for Registered {
    const HOOK: HookPoint = HookPoint::AccountAfterRegister;
    const NAME: &'static str = "registered";
    told_afterwards!();
    whole!();
}
