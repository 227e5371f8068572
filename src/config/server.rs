//! `[server]`: addresses, proxies, origins, time-outs.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use super::Broken;

/// How the server is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address of the API.
    pub listen: SocketAddr,
    /// Address of `/metrics`, or empty.
    pub metrics_listen: String,
    /// What clients call this server, or empty.
    pub public_url: String,
    /// Networks whose forwarding header is believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Exact origins of pages that may call the API.
    pub cors_origins: Vec<String>,
    /// Whether Swagger UI and the specification are served.
    pub docs: bool,
    /// Whether the forum can be read only.
    pub read_only: bool,
    /// Connections at once.
    pub max_connections: usize,
    /// Connections at once from one client network.
    pub max_connections_per_network: usize,
    /// Seconds for the head of a request.
    pub header_timeout_seconds: u64,
    /// Seconds that a connection stays open without a request.
    pub idle_timeout_seconds: u64,
    /// Seconds for a whole request.
    pub request_timeout_seconds: u64,
    /// Seconds that accepted requests have at a stop.
    pub shutdown_seconds: u64,
}

impl Server {
    /// Address of `/metrics`, if it is served.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_listen.parse().ok()
    }

    /// Time for the head of a request.
    pub fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_seconds)
    }

    /// Time that a connection stays open without a request.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds)
    }

    /// Time for a whole request.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds)
    }

    /// Time for accepted requests at a stop.
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }

    pub(super) fn validate(&self) -> Result<(), Broken> {
        if !self.metrics_listen.is_empty() && self.metrics_address().is_none() {
            return Err(("server.metrics_listen", "must be an address and port, or \"\"".into()));
        }
        if !self.public_url.is_empty() && !is_origin(&self.public_url) {
            return Err(("server.public_url", "must be like https://forum.example".into()));
        }
        if let Some(origin) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            return Err((
                "server.cors_origins",
                format!("{origin:?} must be an exact origin like https://forum.example"),
            ));
        }
        for (key, value, most) in [
            ("server.header_timeout_seconds", self.header_timeout_seconds, 300),
            ("server.idle_timeout_seconds", self.idle_timeout_seconds, 3_600),
            ("server.request_timeout_seconds", self.request_timeout_seconds, 300),
            ("server.shutdown_seconds", self.shutdown_seconds, 300),
        ] {
            if !(1..=most).contains(&value) {
                return Err((key, format!("must be from 1 to {most}")));
            }
        }
        for (key, value) in [
            ("server.max_connections", self.max_connections),
            ("server.max_connections_per_network", self.max_connections_per_network),
        ] {
            if value == 0 {
                return Err((key, "must be at least 1".into()));
            }
        }
        Ok(())
    }
}

/// Reads networks; a single address stands for itself.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let parse = |text: &String| {
        let network = text.parse().ok().or_else(|| Some(text.parse::<IpAddr>().ok()?.into()));
        network.ok_or_else(|| {
            de::Error::custom(format!(
                "{text:?} must be an address like \"10.0.0.1\" or a network like \"10.0.0.0/8\""
            ))
        })
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(parse).collect()
}

/// A scheme and a host with perhaps a port, in lower case, and nothing after it.
fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    !host.is_empty()
        && host.bytes().all(|b| {
            b.is_ascii_lowercase()
                || b.is_ascii_digit()
                || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
        })
}
