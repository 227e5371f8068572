//! The authorisation matrix: every operation of the specification, asked by
//! every role. An operation without a row fails by name; there is no list of
//! exceptions.

pub mod scene;

use std::collections::{BTreeMap, BTreeSet};

use gatherly::routes;

use crate::support::Spec;
use scene::Scene;

const TABLE: &str = include_str!("table.txt");

/// Statuses by role, for an operation and perhaps a case of it.
struct Row<'a> {
    name: &'a str,
    statuses: Vec<u16>,
}

/// Roles and rows.
fn table() -> (Vec<&'static str>, Vec<Row<'static>>) {
    let mut lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let roles: Vec<&str> = lines.next().unwrap().split_whitespace().skip(1).collect();
    let rows = lines
        .map(|line| {
            let (name, statuses) = line.split_once(' ').unwrap();
            let statuses: Vec<u16> =
                statuses.split_whitespace().map(|status| status.parse().unwrap()).collect();
            assert_eq!(statuses.len(), roles.len(), "{name}");
            Row { name, statuses }
        })
        .collect();
    (roles, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_is_theirs_and_nothing_else() {
    let mut scene = Scene::start().await;
    let spec = Spec::parse(&routes::specification(&scene.app.app));
    let operations: BTreeMap<_, _> =
        spec.operations().into_iter().map(|operation| (operation.id.clone(), operation)).collect();
    let (roles, rows) = table();
    let covered: BTreeSet<&str> =
        rows.iter().map(|row| row.name.split('/').next().unwrap()).collect();
    let uncovered: Vec<&String> =
        operations.keys().filter(|id| !covered.contains(id.as_str())).collect();
    assert!(uncovered.is_empty(), "operations without a row: {uncovered:?}");

    let mut faults = Vec::new();
    for row in &rows {
        let (id, case) = row.name.split_once('/').unwrap_or((row.name, ""));
        let operation = operations.get(id).unwrap_or_else(|| panic!("{id} is no operation"));
        for (role, expected) in roles.iter().zip(&row.statuses) {
            let reply = scene.ask(&spec, operation, case, role).await;
            if reply.status.as_u16() != *expected {
                faults.push(format!(
                    "{} as {role}: {expected} expected, {} {}",
                    row.name,
                    reply.status,
                    reply.text()
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {} cells:\n{}",
        faults.len(),
        rows.len() * roles.len(),
        faults.join("\n")
    );
}
