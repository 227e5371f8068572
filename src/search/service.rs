//! Searching.

use std::sync::Arc;

use super::{
    model::{Found, SearchKey, SearchKind, SearchRequest},
    store,
};
use crate::{
    base::{
        Error,
        actor::Viewer,
        clock::Clock,
        page::{Page, PageRequest},
    },
    db::Db,
    http::{Action, ClientAddress, RateLimits},
};

/// Texts that one transaction indexes again: some tens of milliseconds of the writer's time.
const BATCH: u32 = 100;

/// What search is made of.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is named as its type")]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub limits: Arc<RateLimits>,
}

/// Search; cheap to clone.
#[derive(Clone, Debug)]
pub struct Search {
    parts: Parts,
}

impl Search {
    /// The feature.
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Counts a search of a client network.
    pub async fn count(&self, client: ClientAddress) -> Result<(), Error> {
        self.parts.limits.check_network(Action::SearchNetwork, client).await
    }

    /// What has the words and may be seen by the viewer, newest first.
    pub async fn find(
        &self,
        viewer: Viewer<'_>,
        request: &SearchRequest,
        page: &PageRequest<SearchKey>,
    ) -> Result<Page<Found>, Error> {
        let Parts { db, clock, .. } = &self.parts;
        let found = store::search(db, viewer, request, page, clock.now()).await?;
        Ok(Page::cut(found, page.limit, Found::key))
    }

    /// Indexes some texts again whose terms were made by the rules of an earlier release;
    /// each text notes whose rules made its terms, so that a stop loses nothing. Returns
    /// whether there may be more.
    pub async fn index_stale(&self) -> Result<bool, Error> {
        let db = self.parts.db.beside_requests();
        for kind in [SearchKind::Post, SearchKind::Comment] {
            let indexed = store::index_stale(&db, kind, BATCH).await?;
            if indexed > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
