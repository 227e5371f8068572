//! The statements on envelopes.

use super::model::Envelope;
use crate::{
    bans::{allowed, looking, moderates, viewer},
    base::{
        actor::Actor,
        clock::Timestamp,
        ids::{AccountId, CommunityId},
    },
    db::{Columns, Db, Error, Row, Topic, Tx, sql, statement},
};

sql! { FIND = "select community_id, envelope from plugin_envelopes where community_id = ?" }
// For one who looks: whether they moderate the community, if they may see it.
sql! { SEE = concat!(
    viewer!(),
    "select c.id as community_id, coalesce(e.envelope, '') as envelope, ",
    moderates!("c.id"),
    " as moderates
     from communities c left join plugin_envelopes e on e.community_id = c.id
     where c.slug = ? and ",
    allowed!("1", "c.id")
) }
sql! { ALL = "select community_id, envelope from plugin_envelopes" }
sql! { SET = "
    insert into plugin_envelopes (community_id, envelope, changed_at, changed_by)
    values (?, ?, ?, ?)
    on conflict (community_id) do update
    set envelope = excluded.envelope, changed_at = excluded.changed_at,
        changed_by = excluded.changed_by" }
// What is at work depends on envelopes: other processes are to notice.
sql! { NEXT_GENERATION =
"update plugin_generation set generation = generation + 1 where id = 1" }

pub(super) async fn find(db: &Db, community: CommunityId) -> Result<Option<Envelope>, Error> {
    let row = db.optional(statement(FIND).bind(community.0)).await?;
    Ok(row.as_ref().map(envelope).transpose()?.map(|(_, envelope)| envelope))
}

/// The envelope of a community that the viewer may see, and whether they moderate
/// there.
pub(super) async fn see(
    db: &Db,
    viewer: &Actor,
    slug: &str,
    now: Timestamp,
) -> Result<Option<(Envelope, bool)>, Error> {
    let row = db.optional(looking(SEE, Some(viewer), now).bind(slug.to_owned())).await?;
    row.map(|row| {
        let is_set = !row.value::<&str>("envelope")?.is_empty();
        let envelope = if is_set { envelope(&row)?.1 } else { Envelope::default() };
        Ok((envelope, row.value("moderates")?))
    })
    .transpose()
}

pub(super) async fn all(db: &Db) -> Result<Vec<(CommunityId, Envelope)>, Error> {
    db.all(statement(ALL)).await?.iter().map(envelope).collect()
}

pub(super) async fn set(
    tx: &mut Tx,
    community: CommunityId,
    envelope: &Envelope,
    (by, now): (AccountId, Timestamp),
) -> Result<(), Error> {
    // Names, numbers and lists of them: serialising them cannot fail.
    let envelope = serde_json::to_string(envelope).unwrap_or_default();
    let set = statement(SET).bind(community.0).bind(envelope).bind(now.0).bind(by.0);
    tx.execute_one(set).await?;
    tx.tell_at_commit(Topic::Plugins);
    tx.execute_one(statement(NEXT_GENERATION)).await
}

fn envelope(row: &Row) -> Result<(CommunityId, Envelope), Error> {
    Ok((row.id("community_id")?, row.json("envelope")?))
}
