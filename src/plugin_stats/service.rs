//! How bindings have done, and shadows that are obeyed from now on.

use super::{
    model::Stats,
    rules,
    store::{self, Span},
};
use crate::{
    base::{
        Error,
        actor::Actor,
        clock::Clock,
        ids::{BindingId, first_uuid},
    },
    db::Db,
    hooks::Mode,
    plugin_admin::{Change, PluginAdmin},
};

/// Decisions of a binding that are looked at, so that a page of figures takes a
/// fraction of a second.
const MOST: i64 = 100_000;

/// Figures of bindings; cheap to clone.
#[derive(Clone)]
pub struct PluginStats {
    db: Db,
    clock: Clock,
    plugins: PluginAdmin,
}

impl std::fmt::Debug for PluginStats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PluginStats")
    }
}

impl PluginStats {
    /// The feature.
    pub fn new(db: Db, clock: Clock, plugins: PluginAdmin) -> Self {
        Self { db, clock, plugins }
    }

    /// How a binding has done in the last days, for who may see it.
    pub(super) async fn find(
        &self,
        actor: &Actor,
        id: BindingId,
        days: u32,
    ) -> Result<Stats, Error> {
        if !store::manages(&self.db, actor, id).await? {
            return Err(Error::NotFound);
        }
        let since = first_uuid(rules::since(self.clock.now(), days));
        Ok(store::stats(&self.db, Span { binding: id, since, most: MOST }).await?)
    }

    /// From now on a shadow is obeyed; with how it had done.
    pub(super) async fn promote(
        &self,
        actor: &Actor,
        id: BindingId,
    ) -> Result<(i64, Stats), Error> {
        let page = self.plugins.find(actor, id).await?;
        if page.binding.terms.mode != Mode::Shadow {
            return Err(Error::conflict("not_in_shadow", "The binding is not in shadow."));
        }
        let stats = self.find(actor, id, rules::USUAL_DAYS).await?;
        let change = Change { mode: Some(Mode::Enforce), ..Change::default() };
        let page = self.plugins.change(actor, id, change).await?;
        Ok((page.binding.revision, stats))
    }
}
