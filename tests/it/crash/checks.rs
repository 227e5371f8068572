//! What holds of a database whenever the server was killed.

use gatherly::db::{Columns, Db, Engine, statement};

/// What must not be there, and how it is counted.
const HALVES: &[(&str, &str)] = &[
    (
        "posts whose tallies are not those of their votes",
        "select count(*) as n from posts p where p.score <> p.ups - p.downs
            or p.ups <> (select count(*) from votes where content_id = p.id and value = 1)
            or p.downs <> (select count(*) from votes where content_id = p.id and value = -1)",
    ),
    (
        "comments whose tallies are not those of their votes",
        "select count(*) as n from comments c where c.score <> c.ups - c.downs
            or c.ups <> (select count(*) from votes where content_id = c.id and value = 1)
            or c.downs <> (select count(*) from votes where content_id = c.id and value = -1)",
    ),
    (
        "posts that count other comments than they have",
        "select count(*) as n from posts p where p.comment_count <>
            (select count(*) from comments where post_id = p.id and state = 'published')",
    ),
    (
        "communities that count other posts than they have",
        "select count(*) as n from communities c where c.post_count <>
            (select count(*) from posts where community_id = c.id and state = 'published')",
    ),
    (
        "accounts that count other posts or comments than they have",
        "select count(*) as n from accounts a where
            a.post_count <>
                (select count(*) from posts where author_id = a.id and state = 'published')
            or a.comment_count <>
                (select count(*) from comments where author_id = a.id and state = 'published')",
    ),
    (
        "accounts whose score is not what others think of their texts",
        "select count(*) as n from accounts a where a.score <>
            (select coalesce(sum(v.value), 0) from votes v
             left join posts p on p.id = v.content_id
             left join comments c on c.id = v.content_id
             where coalesce(p.author_id, c.author_id) = a.id and v.account_id <> a.id)",
    ),
    (
        "texts that were published without being judged",
        "select count(*) as n from
            (select id from posts union all select id from comments) t
            where not exists (select 1 from hook_events e where e.target_id = t.id)",
    ),
    (
        "held texts that nobody is asked about",
        "select count(*) as n from
            (select id from posts where state = 'held'
             union all select id from comments where state = 'held') t
            where not exists
                (select 1 from review_items r where r.target_id = t.id and r.state = 'open')",
    ),
    (
        "decisions about texts that are not there",
        "select count(*) as n from hook_events e where e.outcome <> 'reject'
            and not exists (select 1 from posts where id = e.target_id)
            and not exists (select 1 from comments where id = e.target_id)",
    ),
    (
        "decisions without their event, or events without a decision",
        "select (select count(*) from decisions d
                 where not exists (select 1 from hook_events e where e.id = d.event_id))
              + (select count(*) from hook_events e
                 where not exists (select 1 from decisions d where d.event_id = e.id)) as n",
    ),
    (
        "effects that no decision wanted",
        "select count(*) as n from effects f
            where not exists (select 1 from decisions d where d.id = f.decision_id)",
    ),
    (
        "sessions without a token",
        "select count(*) as n from sessions s
            where not exists (select 1 from refresh_tokens t where t.session_id = s.id)",
    ),
];

/// No use case was done by halves.
pub async fn whole(db: &Db) {
    for (what, sql) in HALVES {
        let row = db.optional(statement(*sql)).await.unwrap().unwrap();
        assert_eq!(row.value::<i64>("n").unwrap(), 0, "{what}");
    }
}

/// The file itself is sound, and so is what is searched. A server looks after
/// both by itself.
pub async fn sound(db: &Db) {
    if db.engine() == Engine::MySql {
        return;
    }
    let rows = db.all(statement("pragma integrity_check")).await.unwrap();
    let told: Vec<String> = rows.iter().map(|row| row.value("integrity_check").unwrap()).collect();
    assert_eq!(told, ["ok"]);
    let dangling = db.all(statement("pragma foreign_key_check")).await.unwrap();
    assert!(dangling.is_empty(), "{} rows refer to nothing", dangling.len());
    let mut tx = db.begin().await.unwrap();
    for check in [
        "insert into posts_search (posts_search, rank) values ('integrity-check', 1)",
        "insert into comments_search (comments_search, rank) values ('integrity-check', 1)",
    ] {
        tx.execute(statement(check)).await.expect(check);
    }
}
