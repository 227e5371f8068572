//! How long words are kept: every column that can hold them is in the table of
//! retention, and when their time is over they are nowhere.

use std::{collections::BTreeSet, fs, time::Duration};

use gatherly::{
    db::{Columns, once, statement},
    jobs::Pump,
    retention::{Keep, Retention, TABLE, TECHNICAL, render},
};
use hyper::Method;
use serde_json::json;

use crate::{
    support::{
        PASSWORD, Person, TestApp,
        forum::{self, id},
        policy,
    },
    tidy::source::root,
};

const COMMITTED: &str = "RETENTION.md";
const REGENERATE: &str = "UPDATE=1 cargo test --test it retention";
/// A word that stands nowhere else, in any index or code.
const MARK: &str = "zqxcanary";

#[test]
fn the_document_says_what_the_table_says() {
    let file = root().join(COMMITTED);
    let rendered = render(TABLE);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &rendered).unwrap();
    }
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(committed == rendered, "{COMMITTED} is not what the table says: {REGENERATE}");
}

/// All columns of text or bytes, as `table.column`.
async fn columns(app: &TestApp) -> BTreeSet<String> {
    const SQLITE: &str = "
        select m.name as tab, p.name as col from sqlite_master m, pragma_table_xinfo(m.name) p
        where m.type = 'table' and p.hidden <> 1 and m.name not like 'sqlite_%' and m.name not like '_sqlx%'
          and lower(p.type) in ('text', 'blob', '')";
    const MYSQL: &str = "
        select table_name as tab, column_name as col from information_schema.columns
        where table_schema = database() and table_name not like '\\_sqlx%'
          and data_type not in ('bigint', 'int', 'tinyint', 'smallint', 'double', 'decimal')";
    let sql = match app.app.db.engine() {
        gatherly::db::Engine::Sqlite => SQLITE,
        gatherly::db::Engine::MySql => MYSQL,
    };
    let rows = app.app.db.all(statement(sql)).await.unwrap();
    let name = |row: &gatherly::db::Row, column| row.value::<String>(column).unwrap();
    rows.iter().map(|row| format!("{}.{}", name(row, "tab"), name(row, "col"))).collect()
}

fn is_technical(column: &str) -> bool {
    let (_, name) = column.split_once('.').unwrap();
    TECHNICAL.iter().any(|technical| match technical.strip_prefix('*') {
        Some(end) => name.ends_with(end),
        None => *technical == name || *technical == column,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_that_can_hold_words_is_in_the_table() {
    let app = TestApp::start().await;
    let columns = columns(&app).await;
    let named: Vec<&str> = TABLE.iter().flat_map(|kind| kind.columns).copied().collect();
    let unnamed: Vec<_> =
        columns.iter().filter(|c| !named.contains(&c.as_str()) && !is_technical(c)).collect();
    assert!(unnamed.is_empty(), "in no line of src/retention/model.rs: {unnamed:?}");
    let both: Vec<_> = named.iter().filter(|column| is_technical(column)).collect();
    assert!(both.is_empty(), "personal and technical: {both:?}");
    if app.app.db.engine() == gatherly::db::Engine::Sqlite {
        // Only MySQL keeps the words of full-text search in a column.
        let is_gone = |column: &&str| {
            !columns.contains(*column) && !matches!(column.split_once('.'), Some((_, "words")))
        };
        let gone: Vec<_> = named.into_iter().filter(is_gone).collect();
        assert!(gone.is_empty(), "in the table and not in the schema: {gone:?}");
    }
}

/// The columns in which the mark stands.
async fn found(app: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    for column in columns(app).await {
        let (table, name) = column.split_once('.').unwrap();
        let sql = match app.app.db.engine() {
            gatherly::db::Engine::Sqlite => format!(
                "select count(*) as n from \"{table}\"
                 where instr(lower(cast(\"{name}\" as text)), '{MARK}') > 0"
            ),
            gatherly::db::Engine::MySql => format!(
                "select count(*) as n from `{table}`
                 where locate('{MARK}', lower(convert(`{name}` using latin1))) > 0"
            ),
        };
        let sql: &'static str = sql.leak();
        let row = app.app.db.optional(statement(sql)).await.unwrap().unwrap();
        if row.value::<i64>("n").unwrap() > 0 {
            found.push(column);
        }
    }
    found
}

/// What schedules do, done now.
async fn tidy(app: &TestApp) {
    let (db, now) = (&app.app.db, app.app.clock.now());
    let settings = (app.app.config.retention, app.app.config.decisions);
    let retention = Retention::new(db.clone(), app.app.clock.clone(), settings);
    while app.app.decisions.tidy().await.unwrap() {}
    app.app.mailing.mails.forget_old().await.unwrap();
    app.app.webhooks.forget_old().await.unwrap();
    app.app.notifications.forget_old().await.unwrap();
    app.app.sessions.forget_ended().await.unwrap();
    app.app.plugin_state.forget_expired().await.unwrap();
    once::forget(db, now.minus(once::KEEP_KEYS)).await.unwrap();
    while Pump::sweep(db, now).await.unwrap() > 0 {}
    while retention.enforce().await.unwrap() {}
}

fn words(what: &str) -> String {
    format!("{MARK} {what}")
}

/// Somebody who leaves words wherever somebody can.
async fn leave_words(app: &TestApp, admin: &Person, ada: &Person) -> Person {
    let name = MARK;
    let leaver = app.member(name).await;
    leaver.patch("/me", json!({"bio": words("bio")})).await.expect(200);
    let reset = json!({"email": format!("{name}@example.org")});
    app.client.post("/password-resets", reset).await;
    let hook = json!({"url": "https://bot.example.org/", "events": ["content.published"]});
    admin.post("/webhooks", hook).await.expect(201);
    let adas = forum::post(app, ada, "Of ada").await;

    let title = words("title");
    let post = forum::try_post(app, &leaver, &title, &words("body")).await.expect(201);
    let edit = json!({"body": words("other body")});
    leaver.patch(&format!("/posts/{}", id(&post)), edit).await.expect(200);
    let comment = forum::comment(app, &leaver, &adas, &words("comment")).await;
    let held = json!({"body": format!("Hold {}", words("edit"))});
    leaver.patch(&format!("/comments/{}", id(&comment)), held).await.expect(202);
    let refused = forum::try_post(app, &leaver, &title, &format!("Refuse {MARK}")).await;
    refused.expect_problem(403, "rejected_by_policy");
    let report = json!({"kind": "post", "id": id(&adas), "reason": words("report")});
    leaver.post("/reports", report).await.expect(201);
    let ban = json!({"username": name, "deeds": ["vote"]});
    let ban = admin.post("/bans", ban).await.expect(201);
    let appeal = json!({"against": "ban", "id": ban["id"], "text": words("appeal")});
    leaver.post("/appeals", appeal).await.expect(201);
    app.settled().await;

    leaver.delete(&format!("/posts/{}", id(&post))).await;
    leaver.delete(&format!("/comments/{}", id(&comment))).await;
    leaver
}

/// Approves what waits for a decision.
async fn settle_all(app: &TestApp, admin: &str) {
    let admin = app.sign_in(admin).await;
    let list = admin.get("/review-items").await.expect(200);
    for item in list["items"].as_array().unwrap() {
        let path = format!("/review-items/{}/resolutions", id(item));
        admin.post(&path, json!({"resolution": "approve"})).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wrote_is_nowhere_after_its_time() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    policy::enforce_first_letter(&admin, "no").await;
    let leaver = leave_words(&app, &admin, &ada).await;
    let before = found(&app).await;
    for column in
        ["accounts.email", "accounts.bio", "posts.body", "comments.body", "revisions.body"]
    {
        assert!(before.iter().any(|found| found == column), "no mark in {column}: {before:?}");
    }
    for column in ["reports.reason", "appeals.text", "hook_events.input", "mails.address"] {
        assert!(before.iter().any(|found| found == column), "no mark in {column}: {before:?}");
    }
    let password = Some(json!({"password": PASSWORD}));
    let closed = leaver.send(Method::DELETE, "/me", password).await;
    assert_eq!(closed.status.as_u16(), 204, "{}", closed.text());
    while app.app.decisions.tidy().await.unwrap() {}
    // What goes with the account goes at once.
    let of_account = TABLE.iter().filter(|kind| kind.keep == Keep::Account);
    let of_account: Vec<&str> = of_account.flat_map(|kind| kind.columns).copied().collect();
    let left = found(&app).await;
    let wrong: Vec<_> = left
        .iter()
        .filter(|column| of_account.contains(&column.as_str()) || column.starts_with("mails."))
        .collect();
    assert!(wrong.is_empty(), "left after closing: {wrong:?}");
    // A text that was deleted is there for as long as a report may need it.
    assert!(left.iter().any(|column| column == "posts.body"), "{left:?}");
    app.advance(Duration::from_hours(31 * 24));
    tidy(&app).await;
    let left = found(&app).await;
    let texts = ["posts", "comments", "revisions", "posts_search", "comments_search"];
    let wrong: Vec<_> = left
        .iter()
        .filter(|column| texts.iter().any(|table| column.starts_with(&format!("{table}."))))
        .collect();
    assert!(wrong.is_empty(), "left after the time of texts: {wrong:?}");
    // Copies of a text wait for the decision about it.
    assert!(left.iter().any(|column| column == "frozen_copies.body"), "{left:?}");
    settle_all(&app, &admin.name).await;
    app.advance(Duration::from_hours(366 * 24));
    tidy(&app).await;
    assert_eq!(found(&app).await, Vec::<String>::new());
    if app.app.db.engine() == gatherly::db::Engine::Sqlite {
        let file = app.app.config.database_file();
        for end in ["", "-wal"] {
            let mut path = file.clone().into_os_string();
            path.push(end);
            let bytes = fs::read(path).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            assert!(!text.contains(MARK), "the mark is in the file{end}");
        }
    }
}

/// Something waits about every post.
const WAITS: &str = "
    insert into review_items (id, kind, target_id, reason, state, created_at)
    select ?, 'report', p.id, 'look', 'open', p.created_at from posts p";

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_text_is_kept_until_the_report_is_decided() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    let post = forum::post(&app, &ada, "To be deleted").await;
    ada.delete(&format!("/posts/{}", id(&post))).await;
    let item = uuid::Uuid::now_v7();
    let mut tx = app.app.db.begin().await.unwrap();
    tx.execute(statement(WAITS).bind(item)).await.unwrap();
    tx.commit().await.unwrap();
    app.advance(Duration::from_hours(31 * 24));
    tidy(&app).await;
    let title = async || {
        let row = app.app.db.optional(statement("select title from posts")).await.unwrap();
        row.unwrap().value::<String>("title").unwrap()
    };
    assert_eq!(title().await, "To be deleted");
    let admin = app.sign_in(&admin.name).await;
    let path = format!("/review-items/{item}/resolutions");
    let settled = admin.post(&path, json!({"resolution": "approve"})).await;
    assert!(settled.status.is_success(), "{}", settled.text());
    tidy(&app).await;
    assert_eq!(title().await, "");
}
