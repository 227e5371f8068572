//! `[outbound]`: where this server sends requests.

use std::collections::HashSet;

use serde::Deserialize;

use super::Broken;

/// `[outbound]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Hosts and ports that may be sent to though they are not public.
    pub allow: Vec<String>,
}

impl Outbound {
    pub(super) fn validate(&self) -> Result<(), Broken> {
        match self.allow.iter().find(|pair| split(pair).is_none()) {
            Some(pair) => Err(("outbound.allow", format!("`{pair}` is not `host:port`"))),
            None => Ok(()),
        }
    }

    /// The pairs of [`Outbound::allow`]; hosts in lower case.
    pub fn allowed(&self) -> HashSet<(String, u16)> {
        self.allow.iter().filter_map(|pair| split(pair)).collect()
    }
}

fn split(pair: &str) -> Option<(String, u16)> {
    let (host, port) = pair.rsplit_once(':')?;
    let host = host.to_ascii_lowercase();
    (!host.is_empty()).then_some(())?;
    Some((host, port.parse().ok()?))
}
