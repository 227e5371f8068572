//! The statements on how bindings have done.

use uuid::Uuid;

use super::model::{Agreement, Stats, VerdictCount};
use crate::{
    base::{actor::Actor, ids::BindingId},
    db::{Columns, Db, Error, sql, statement},
    hooks::Mode,
};

// The latest decisions of a binding, counted by what it said and what happened,
// with the times that half and 99 of 100 of them took at most.
sql! { STATS = "
    with latest as
        (select d.id, d.mode, d.verdict, d.fault, d.duration_us, e.outcome as happened
         from decisions d join hook_events e on e.id = d.event_id
         where d.binding_id = ? and d.event_id >= ? order by d.event_id desc limit ?),
    ranked as
        (select l.*, row_number() over (order by l.duration_us) as place,
                count(*) over () as total
         from latest l)
    select mode, verdict, happened, count(*) as decisions, count(fault) as faults,
           max(id) as sample,
           (select min(duration_us) from ranked where place * 100 >= total * 50) as p50,
           (select min(duration_us) from ranked where place * 100 >= total * 99) as p99
    from ranked
    group by mode, verdict, happened order by mode, verdict, happened" }
// Takes who asks: an admin, or a moderator of the binding's community.
sql! { MANAGES = "
    select exists (select 1 from plugin_bindings b
                   where b.id = ? and b.removed_at is null
                     and (? or exists (select 1 from community_members m
                                       where m.community_id = b.scope_id and m.account_id = ?
                                         and m.role = 'moderator'))) as manages" }

/// Which decisions of a binding are looked at: since an event, the latest.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) binding: BindingId,
    pub(super) since: Uuid,
    pub(super) most: i64,
}

/// Whether somebody manages a binding.
pub(super) async fn manages(db: &Db, actor: &Actor, binding: BindingId) -> Result<bool, Error> {
    let statement = statement(MANAGES).bind(binding.0).bind(actor.is_admin()).bind(actor.id.0);
    db.optional(statement).await?.map_or(Ok(false), |row| row.value("manages"))
}

/// How a binding has done.
pub(super) async fn stats(db: &Db, span: Span) -> Result<Stats, Error> {
    let of = statement(STATS).bind(span.binding.0).bind(span.since).bind(span.most);
    let mut stats = Stats::default();
    for row in db.all(of).await? {
        let count: i64 = row.value("decisions")?;
        stats.calls += count;
        stats.faults += row.value::<i64>("faults")?;
        (stats.p50_us, stats.p99_us) = (row.value("p50")?, row.value("p99")?);
        let (mode, verdict): (String, String) = (row.value("mode")?, row.value("verdict")?);
        if mode == Mode::Shadow.as_str() {
            let (happened, sample) = (row.value("happened")?, row.id("sample")?);
            stats.agreement.push(Agreement { happened, shadow: verdict.clone(), count, sample });
        }
        match stats.verdicts.last_mut() {
            Some(last) if last.mode == mode && last.verdict == verdict => last.count += count,
            _ => stats.verdicts.push(VerdictCount { mode, verdict, count }),
        }
    }
    Ok(stats)
}
