//! Whether the server lives, and whether requests should be sent to it.

use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;

use super::{Problem, Rendered, Tag};
use crate::{
    db::{Db, statement},
    lifecycle::Lifecycle,
};

/// What a probe is told.
#[derive(Debug, Object, Serialize)]
struct Health {
    /// `ok`, `stopping` or `no_database`.
    status: String,
}

impl Health {
    fn of(status: &str) -> Rendered<Self> {
        Rendered::new(&Self { status: status.to_owned() })
    }
}

#[derive(ApiResponse)]
enum Readiness {
    /// Send requests.
    #[oai(status = 200)]
    Ready(Rendered<Health>),
    /// Send none.
    #[oai(status = 503)]
    NotReady(Rendered<Health>),
}

/// Probes.
#[derive(Debug)]
pub struct SystemApi {
    /// Asked whether it answers.
    pub db: Db,
    /// Asked whether the server is about to stop.
    pub lifecycle: Lifecycle,
}

#[OpenApi(tag = "Tag::System")]
impl SystemApi {
    /// Is the process alive
    ///
    /// For everybody. Restart it when there is no answer.
    #[oai(path = "/healthz", method = "get", operation_id = "get_health")]
    #[expect(
        clippy::unused_async,
        reason = "operations are async, this one has nothing to wait for"
    )]
    async fn health(&self) -> Result<Rendered<Health>, Problem> {
        Ok(Health::of("ok"))
    }

    /// Should requests be sent here
    ///
    /// For everybody.
    #[oai(path = "/readyz", method = "get", operation_id = "get_readiness")]
    async fn readiness(&self) -> Readiness {
        if !self.lifecycle.is_ready() {
            return Readiness::NotReady(Health::of("stopping"));
        }
        match self.db.optional(statement("select 1 as one")).await {
            Ok(_) => Readiness::Ready(Health::of("ok")),
            Err(error) => {
                tracing::warn!(%error, "not ready");
                Readiness::NotReady(Health::of("no_database"))
            }
        }
    }
}
