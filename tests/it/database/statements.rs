//! Every statement of the program, before anybody runs it: each engine takes it, and
//! none goes through a whole table that grows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

use gatherly::{
    base::secret::Secret,
    config::Config,
    db::{Db, EVERY, Engine, Named, Sql},
};

use super::{bare::Bare, upgrades::left};
use crate::{
    support::{Installation, PASSWORD, mariadb},
    tidy::source::root,
};

async fn open(installation: &Installation, url: String) -> Db {
    let mut config = Config::defaults().unwrap();
    config.data_dir = installation.path("");
    config.database.url = Secret::new(url);
    Db::open(&config).await.unwrap()
}

/// Both engines understand all of them; `MySQL` in a database of this name.
async fn are_understood(statements: &[Named], database: &str) {
    assert!(statements.len() > 400, "{} statements", statements.len());
    let installation = Installation::new("");
    for url in [String::new(), mariadb::database(database).await] {
        let db = open(&installation, url).await;
        assert_eq!(db.unprepared(statements).await.unwrap(), [""; 0], "{:?}", db.engine());
        db.close().await;
    }
    mariadb::forget(database.to_owned());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_prepares_on_both_engines() {
    are_understood(&EVERY, "prepared").await;
}

/// What the last release asks, by name. At a release it is written anew:
/// `RELEASE=1 cargo test --test it database::statements`.
const RELEASED: &str = "tests/it/database/released.json";

/// One text for every engine, or one for each.
type Released = BTreeMap<String, Vec<Vec<String>>>;

/// Servers of the last release go on beside newer ones, which change the schema under
/// them: what they ask is still understood.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_release_works_with_the_schema_of_today() {
    let path = root().join(RELEASED);
    if std::env::var_os("RELEASE").is_some() {
        let texts = |named: &Named| {
            let each = |sql: &Sql| {
                let mut each =
                    [Engine::Sqlite, Engine::MySql].map(|engine| sql.text(engine)).to_vec();
                each.dedup();
                each.into_iter().map(str::to_owned).collect()
            };
            named.texts.iter().map(each).collect()
        };
        let every: Released = EVERY.iter().map(|named| (name(named), texts(named))).collect();
        fs::write(&path, serde_json::to_string_pretty(&every).unwrap() + "\n").unwrap();
    }
    let released: Released = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let of_each = |each: Vec<String>| {
        let each: Vec<&'static str> = each.into_iter().map(|text| &*text.leak()).collect();
        Sql::of_each(each[0], each[each.len() - 1])
    };
    let released = released.into_iter().map(|(name, texts)| Named {
        module: "the last release",
        name: name.leak(),
        texts: texts.into_iter().map(of_each).collect::<Vec<_>>().leak(),
    });
    are_understood(&released.collect::<Vec<_>>(), "released").await;
}

/// What is gone through whole, by the statement and the table. This list may only become
/// shorter.
const SCANS: &[(&str, &str, &str)] = &[
    ("comments::INSERT", "comments", "only while a foreign key is open, which none ever is"),
    ("comments::INSERT_COUNTED", "comments", "as above"),
    ("decisions::ERASURES", "hook_erasures", "rows go when they are done"),
    ("jobs::outbox::FIRST", "outbox", "rows go when they are read"),
    ("jobs::IS_DUE", "outbox", "one row is enough"),
    ("jobs::IS_DUE_BESIDE", "outbox", "one row is enough"),
    ("plugin_activations::END_ABANDONED", "plugin_activations", "once a start"),
    ("plugin_activations::IS_ANY_ABANDONED", "plugin_activations", "once a start"),
    ("plugin_admin::ALL_BINDINGS", "r", "once a start"),
    ("plugin_admin::CHANGED_SINCE", "r", "as many as operators made"),
    ("plugin_admin::COUNT_IN_SCOPE", "plugin_bindings", "as many as operators made"),
    ("plugin_admin::UNHASHED", "plugin_binding_revisions", "once a start"),
    ("plugin_envelopes::ALL", "plugin_envelopes", "one for each community at most"),
    ("webhooks::ANY", "webhooks", "one row is enough"),
];
/// What the planner of `SQLite` may believe of the tables: nothing, as with every server; and
/// what somebody who ran `analyze` by hand makes it believe until the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statistics {
    None,
    /// Of the forum that `gatherly admin create` leaves: rows in two tables.
    Empty,
    /// Of the forum that a demo leaves.
    Demo,
    /// A million rows in every table.
    Large,
}

/// Every index, its columns, and whether it is unique.
const INDEXES: &str = "
    select m.name || ' ' || i.name || ' ' || i.\"unique\" || ' ' ||
        (select count(*) from pragma_index_info(i.name)) as what
    from sqlite_master m join pragma_index_list(m.name) i
    where m.type = 'table' and m.name not like '%\\_search%' escape '\\'";

/// Makes the planner believe something of the tables.
async fn believe(bare: &mut Bare, statistics: Statistics) {
    if statistics == Statistics::None {
        return;
    }
    bare.run("analyze".to_owned()).await;
    if statistics != Statistics::Large {
        return;
    }
    bare.run("delete from sqlite_stat1".to_owned()).await;
    for index in bare.all(INDEXES.to_owned()).await {
        let [table, index, unique, columns] = index.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{index}");
        };
        let columns: usize = columns.parse().unwrap();
        let alike = |column| if column == columns && unique == "1" { 1 } else { 1_000 };
        let numbers = std::iter::once(1_000_000).chain((1..=columns).map(alike));
        let numbers: Vec<String> = numbers.map(|number: u32| number.to_string()).collect();
        let numbers = numbers.join(" ");
        bare.run(format!("insert into sqlite_stat1 values ('{table}', '{index}', '{numbers}')"))
            .await;
    }
    // Reads them anew.
    bare.run("analyze sqlite_schema".to_owned()).await;
}

/// Reads that every visit makes: their plans stand in [`PLANS`].
const HOT: &[&str] = &[
    "comments::ACCESS",
    "comments::LIST_NEW",
    "comments::LIST_THREAD",
    "comments::LIST_TOP",
    "comments::POST_AND_PARENT",
    "notifications::LIST",
    "notifications::PULSE",
    "posts::ACCESS",
    "posts::LIST",
    "posts::LIST_AUTHOR",
    "posts::LIST_COMMUNITY",
    "posts::SEARCH",
    "search::COMMENTS",
    "search::POSTS",
    "sessions::ACTOR",
    "votes::COMMENT_BALLOT",
    "votes::POST_BALLOT",
];
const PLANS: &str = "tests/it/database/plans.txt";
const REGENERATE: &str = "UPDATE=1 cargo test --test it database::statements";

/// `posts::LIST`.
fn name(named: &Named) -> String {
    let module = named.module.trim_start_matches("gatherly::").trim_end_matches("::store");
    format!("{module}::{}", named.name)
}

/// How `SQLite` goes about each statement, one line a step.
async fn plans(statistics: Statistics) -> BTreeMap<String, Vec<String>> {
    let installation = if statistics == Statistics::Demo {
        left("0017.sqlite", "").await
    } else {
        Installation::on("", "")
    };
    let create = ["admin", "create", "ada", "--email", "ada@example.org"];
    let created = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert!(created.status.success(), "{created:?}");
    let mut bare = Bare::of(&installation).await;
    believe(&mut bare, statistics).await;
    let mut plans: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for named in EVERY {
        let parts = named.texts.iter().flat_map(|sql| sql.text(Engine::Sqlite).split("; "));
        for part in parts {
            let steps = bare.all(format!("explain query plan {part}")).await;
            plans.entry(name(named)).or_default().extend(steps);
        }
    }
    bare.close().await;
    plans
}

/// A server never collects statistics, and forgets those that it finds; and hot reads have
/// the same plan with any.
#[tokio::test(flavor = "multi_thread")]
async fn no_hot_plan_depends_on_statistics() {
    let steps = |plans: &BTreeMap<String, Vec<String>>, name: &str| {
        plans[name].iter().filter(|step| tells(step)).cloned().collect::<Vec<_>>()
    };
    let expected = plans(Statistics::None).await;
    let mut others = String::new();
    for statistics in [Statistics::Empty, Statistics::Demo, Statistics::Large] {
        let found = plans(statistics).await;
        for name in HOT {
            let (expected, found) = (steps(&expected, name), steps(&found, name));
            if found != expected {
                writeln!(others, "{name}, {statistics:?}: {found:#?}, not {expected:#?}").unwrap();
            }
        }
    }
    assert!(others.is_empty(), "{others}");
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_the_past_are_forgotten_at_the_start() {
    const KNOWN: &str = "select name from sqlite_master where name like 'sqlite_stat%'";
    let installation = Installation::on("", "");
    fs::create_dir_all(installation.data_dir()).unwrap();
    Db::open(&installation.config()).await.unwrap().close().await;
    let mut bare = Bare::of(&installation).await;
    believe(&mut bare, Statistics::Large).await;
    assert!(bare.all(KNOWN.to_owned()).await.contains(&"sqlite_stat1".to_owned()));
    Db::open(&installation.config()).await.unwrap().close().await;
    let left = bare.all(KNOWN.to_owned()).await;
    assert!(left.is_empty(), "{left:?}");
    bare.close().await;
}

/// The table of the step, if all of it is read: what a statement has made itself, a
/// row of constants and what full-text search has found are none.
fn scanned(step: &str) -> Option<&str> {
    let table = step.strip_prefix("SCAN ")?;
    let name = table.split(' ').next()?;
    let own = ["viewer", "last", "CONSTANT", "some", "ranked", "front", "page", "x", "n"];
    let is_own = own.contains(&name) || name.starts_with('(') || name.ends_with("-ROW");
    (!is_own && !table.contains("VIRTUAL TABLE INDEX")).then_some(name)
}

/// The tables that a statement goes through whole. What it has set out itself under that
/// name is gone through once for that.
fn all_scanned(steps: &[String]) -> BTreeSet<&str> {
    let scanned: Vec<_> = steps.iter().filter_map(|step| scanned(step)).collect();
    let times = |table: &str| scanned.iter().filter(|it| **it == table).count();
    let set_out = |table: &str| {
        steps.iter().filter(|step| step.strip_prefix("MATERIALIZE ") == Some(table)).count()
    };
    scanned.iter().copied().filter(|table| times(table) > set_out(table)).collect()
}

/// Whether a step is about a table, or sorts.
fn tells(step: &str) -> bool {
    step.starts_with("SEARCH") || step.contains("TEMP B-TREE") || scanned(step).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_goes_through_a_whole_table_that_grows() {
    let plans = plans(Statistics::None).await;
    let found: BTreeSet<_> = plans
        .iter()
        .flat_map(|(name, steps)| {
            all_scanned(steps).into_iter().map(|table| (name.as_str(), table))
        })
        .collect();
    let allowed: BTreeSet<_> = SCANS.iter().map(|(name, table, _)| (*name, *table)).collect();
    assert_eq!(found, allowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_reads_have_the_plans_that_they_had() {
    let plans = plans(Statistics::None).await;
    let mut found = String::new();
    for name in HOT {
        writeln!(found, "{name}").unwrap();
        for step in plans[*name].iter().filter(|step| tells(step)) {
            writeln!(found, "  {step}").unwrap();
        }
    }
    let path = root().join(PLANS);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), found, "{REGENERATE}");
}
