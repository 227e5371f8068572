//! What happens every so often, once for all processes on one database.

use std::time::Duration;

use crate::{
    base::clock::Timestamp,
    db::{Columns, Db, Error, Tx, sql, statement},
    events::{Cause, Event, Occurrence},
};

sql! { FIND = "select ran_at from schedules where name = ?" }
sql! { INSERT = "
insert into schedules (name, ran_at) values (?, ?) on conflict (name) do nothing" }
// A time that is yet to come is from before the clock was put back.
sql! { CLAIM =
"update schedules set ran_at = ? where name = ? and (ran_at <= ? or ran_at > ?)" }

/// The transaction in which a schedule's turn is taken, if it is its turn, and
/// when the turn before was. A clock that was moved by a day makes one turn, not
/// as many as would fit in.
pub async fn claim_tick(
    db: &Db,
    name: &'static str,
    period: Duration,
    now: Timestamp,
) -> Result<Option<(Tx, Option<Timestamp>)>, Error> {
    let due = now.minus(period);
    let row = db.optional(statement(FIND).bind(name)).await?;
    let previous = row.map(|row| row.time("ran_at")).transpose()?;
    if previous.is_some_and(|ran_at| ran_at > due && ran_at <= now) {
        return Ok(None);
    }
    let mut tx = db.begin().await?;
    let is_new = tx.execute(statement(INSERT).bind(name).bind(now.0)).await? > 0;
    let claim = statement(CLAIM).bind(now.0).bind(name).bind(due.0).bind(now.0);
    Ok((is_new || tx.execute(claim).await? > 0).then_some((tx, previous)))
}

/// Tells that time goes by, if it is time for that. Returns when the last turn was: there
/// is none within `period` of it.
pub async fn tick(
    db: &Db,
    name: &'static str,
    period: Duration,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let Some((mut tx, previous)) = claim_tick(db, name, period, now).await? else {
        let row = db.optional(statement(FIND).bind(name)).await?;
        return row.map(|row| row.time("ran_at")).transpose();
    };
    let ticked = Occurrence::new(now, Cause::Server, Event::Ticked { previous });
    super::publish(&mut tx, &ticked).await?;
    tx.commit().await?;
    Ok(Some(now))
}
