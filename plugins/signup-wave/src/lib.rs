//! Lets moderators look first while sign-ups come in a wave: too many in an
//! hour, or too many with one mail domain.

use std::time::Duration;

use gatherly_plugin::account::{BeforeRegister, Decision, Registration};
use gatherly_plugin::{Context, Evidence, Plugin, state};
use serde::Deserialize;

/// Waves come and go within this time.
const HOUR: Duration = Duration::from_hours(1);

/// What makes a wave.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wave {
    /// Sign-ups in an hour that are too many.
    per_hour: u64,
    /// The same for one mail domain.
    per_domain: u64,
    /// Domains that so many people have that they say nothing.
    common_domains: Vec<String>,
}

impl Default for Wave {
    fn default() -> Self {
        let common = ["gmail.com", "outlook.com", "icloud.com", "yahoo.com", "proton.me"];
        Self { per_hour: 100, per_domain: 5, common_domains: common.map(str::to_owned).into() }
    }
}

impl Plugin for Wave {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl BeforeRegister for Wave {
    fn before_register(&self, _: &Context, registration: &Registration) -> Decision {
        let domain = registration.email_domain.to_lowercase();
        let is_common = self.common_domains.contains(&domain);
        let all = state::increment("all", 1, HOUR, None).unwrap_or(0);
        let same = if is_common {
            0
        } else {
            state::increment(&format!("at:{domain}"), 1, HOUR, None).unwrap_or(0)
        };
        let evidence = if same > self.per_domain {
            Evidence::new("per-domain", format!("sign-ups at {domain}")).measured("sign-ups", &same)
        } else if all > self.per_hour {
            Evidence::new("per-hour", "sign-ups in an hour").measured("sign-ups", &all)
        } else {
            return Decision::allow();
        };
        Decision::hold("Many people join just now. A moderator will let you in soon.")
            .because(evidence)
    }
}

gatherly_plugin::export!(Wave: account::BeforeRegister);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{account::Verdict, testing};

    use super::*;

    fn join(domain: &str) -> bool {
        let wave = Wave { per_hour: 4, per_domain: 2, ..Wave::default() };
        let context = Context { actor: None, ..testing::context() };
        let decision = wave.before_register(&context, &testing::registration("kim", domain));
        !matches!(decision.verdict, Verdict::Hold(_))
    }

    #[test]
    fn one_domain_makes_a_wave() {
        let memory = testing::state();
        assert!(join("Mail.example") && join("mail.example"));
        assert!(!join("mail.example"));
        memory.advance(HOUR);
        assert!(join("mail.example"));
    }

    #[test]
    fn a_common_domain_makes_none_but_counts() {
        let _memory = testing::state();
        for _ in 0..4 {
            assert!(join("gmail.com"));
        }
        assert!(!join("gmail.com") && !join("example.org"));
    }
}
