//! The statements that erase what has been kept long enough.

use uuid::Uuid;

use crate::{
    base::clock::Timestamp,
    db::{Columns, Db, Error, Sql, Tx, sql, statement},
};

// Texts that their authors deleted. Those that are reported wait for a decision, unless a
// copy of them waits in their place.
sql! { LIST_DELETED = "
    select d.content_id from deleted_texts d
    where d.deleted_at < ?
      and not exists (select 1 from review_items r
                      where r.target_id = d.content_id and r.state = 'open'
                        and not exists (select 1 from frozen_copies e where e.item_id = r.id))
    order by d.deleted_at limit ?" }
sql! { ERASE_POST = "
update posts set title = '', body = '', body_html = '', terms = ''
where id = ? and state = 'deleted'" }
sql! { ERASE_COMMENT =
"update comments set body = '', body_html = '', terms = '' where id = ? and state = 'deleted'" }
sql! { ERASE_REVISIONS = "delete from revisions where content_id = ?" }
sql! { FORGET_DELETED = "delete from deleted_texts where content_id = ?" }
sql! { FORGET_PAST = "
    delete from revisions where id in
        (select id from (select e.id from revisions e where e.id < ? and e.state = 'past'
                         order by e.id limit ?) old)" }

sql! { FIND_MARK = "select swept from retention_marks where name = ?" }
sql! { PUT_MARK = "
    insert into retention_marks (name, swept) values (?, ?)
    on conflict (name) do update set swept = excluded.swept" }

macro_rules! ids {
    ($table:literal) => {
        concat!("select id from ", $table, " where id > ? and id < ? order by id limit ?")
    };
}

sql! { REPORTS = ids!("reports") }
sql! { REVIEW_ITEMS = ids!("review_items") }
sql! { APPEALS = ids!("appeals") }
sql! { EFFECTS = ids!("effects") }
sql! { SWEEP_REPORTS = "update reports set reason = '' where id > ? and id <= ?" }
sql! { SWEEP_REVIEW_ITEMS =
"update review_items set reason = '', note = null where id > ? and id <= ?" }
sql! { SWEEP_APPEALS = "update appeals set text = '', note = null where id > ? and id <= ?" }
sql! { SWEEP_EFFECTS = "update effects set payload = '{}' where id > ? and id <= ?" }

/// Rows whose words are erased by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swept {
    /// Reasons.
    Reports,
    /// Reasons and notes.
    ReviewItems,
    /// Texts and notes.
    Appeals,
    /// What was wanted.
    Effects,
}

impl Swept {
    /// As stored.
    fn as_str(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::ReviewItems => "review_items",
            Self::Appeals => "appeals",
            Self::Effects => "effects",
        }
    }

    /// What finds rows, and what erases their words.
    fn statements(self) -> (Sql, Sql) {
        match self {
            Self::Reports => (REPORTS, SWEEP_REPORTS),
            Self::ReviewItems => (REVIEW_ITEMS, SWEEP_REVIEW_ITEMS),
            Self::Appeals => (APPEALS, SWEEP_APPEALS),
            Self::Effects => (EFFECTS, SWEEP_EFFECTS),
        }
    }
}

/// Texts that their authors deleted before a time.
pub(super) async fn deleted(db: &Db, before: Timestamp, most: u32) -> Result<Vec<Uuid>, Error> {
    let rows = db.all(statement(LIST_DELETED).bind(before.0).bind(most)).await?;
    rows.iter().map(|row| row.value("content_id")).collect()
}

/// Erases a text that its author deleted, with its earlier versions.
pub(super) async fn erase(tx: &mut Tx, content: Uuid) -> Result<(), Error> {
    for sql in [ERASE_POST, ERASE_COMMENT, ERASE_REVISIONS, FORGET_DELETED] {
        tx.execute(statement(sql).bind(content)).await?;
    }
    Ok(())
}

/// Deletes earlier versions with ids before one; how many.
pub(super) async fn forget_past(tx: &mut Tx, before: Uuid, most: u32) -> Result<u64, Error> {
    tx.execute(statement(FORGET_PAST).bind(before).bind(most)).await
}

/// Up to which row the words are erased.
pub(super) async fn mark(tx: &mut Tx, kind: Swept) -> Result<Option<Uuid>, Error> {
    let row = tx.optional(statement(FIND_MARK).bind(kind.as_str())).await?;
    row.map(|row| row.value("swept")).transpose()
}

/// The last of the next rows between two ids, if there are any.
pub(super) async fn last(
    tx: &mut Tx,
    kind: Swept,
    (after, before): (Uuid, Uuid),
    most: u32,
) -> Result<Option<Uuid>, Error> {
    let (find, _) = kind.statements();
    let rows = tx.all(statement(find).bind(after).bind(before).bind(most)).await?;
    rows.last().map(|row| row.value("id")).transpose()
}

/// Erases the words of rows from one id, which is not among them, to another, and notes
/// that.
pub(super) async fn sweep(
    tx: &mut Tx,
    kind: Swept,
    (after, last): (Uuid, Uuid),
) -> Result<(), Error> {
    let (_, sweep) = kind.statements();
    tx.execute(statement(sweep).bind(after).bind(last)).await?;
    tx.execute(statement(PUT_MARK).bind(kind.as_str()).bind(last)).await.map(drop)
}
