//! The ranks of moderators: who dismisses whom, and what the log says of it.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{
    Person, TestApp,
    forum::{each, walk},
};

const LIST: &str = "/communities/garden/moderators";

fn of(name: &str) -> String {
    format!("{LIST}/{name}")
}

struct Cast {
    app: TestApp,
    root: Person,
    owner: Person,
    first: Person,
    second: Person,
}

/// Appoints a moderator, a millisecond after what was before: ids are in that order.
async fn appoint(app: &TestApp, by: &Person, path: &str) {
    app.advance(Duration::from_millis(1));
    by.put(path, Value::Null).await.expect(204);
}

/// A community of `owner`, who appointed `first`, who appointed `second`.
async fn start() -> Cast {
    let app = TestApp::start_with(|config| {
        config.forum.community_creation = gatherly::config::CommunityCreation::Members;
    })
    .await;
    let root = app.admin("root").await;
    let [owner, first, second] =
        [app.member("owner").await, app.member("first").await, app.member("second").await];
    owner.post("/communities", json!({"slug": "garden", "name": "Garden"})).await.expect(201);
    appoint(&app, &owner, &of("first")).await;
    appoint(&app, &first, &format!("{}?reason=They%20help.", of("second"))).await;
    app.advance(Duration::from_millis(1));
    Cast { app, root, owner, first, second }
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_dismiss_only_those_who_were_appointed_later() {
    let Cast { app: _app, root, owner, first, second } = start().await;
    for (person, above) in
        [(&second, "first"), (&second, "owner"), (&first, "owner"), (&first, "owner")]
    {
        person.delete(&of(above)).await.expect_problem(403, "outranked");
    }
    assert_eq!(walk(&root, LIST, 10, "username").await, ["owner", "first", "second"]);

    // A moderator of higher rank, an admin, and the moderators themselves.
    owner.delete(&of("second")).await.expect(204);
    owner.put(&of("second"), Value::Null).await.expect(204);
    root.delete(&of("owner")).await.expect(204);
    second.delete(&of("second")).await.expect(204);
    assert_eq!(walk(&root, LIST, 10, "username").await, ["first"]);
    // Who comes back begins at the end.
    first.put(&of("owner"), Value::Null).await.expect(204);
    owner.delete(&of("first")).await.expect_problem(403, "outranked");
    assert_eq!(walk(&root, LIST, 1, "username").await, ["first", "owner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_moderators_shows_their_ranks_and_since_when() {
    let Cast { app, root, .. } = start().await;
    let list = app.client.get(LIST).await.expect(200);
    assert_eq!(each(&list, "rank"), [1, 2, 3]);
    let since = each(&list, "appointed_at");
    assert!(since.iter().all(|since| since.as_str().is_some_and(|since| since.ends_with('Z'))));
    // However many were appointed in one millisecond, and whatever the page.
    for n in 0..6 {
        let name = format!("helper{n}");
        app.member(&name).await;
        root.put(&of(&name), Value::Null).await.expect(204);
    }
    let ranks = walk(&app.client, LIST, 2, "rank").await;
    assert_eq!(ranks, (1..=9).map(|rank| json!(rank)).collect::<Vec<_>>());
    let names = walk(&app.client, LIST, 2, "username").await;
    assert_eq!(names[3..], ["helper0", "helper1", "helper2", "helper3", "helper4", "helper5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn appointments_dismissals_and_roles_are_in_the_log_with_their_reasons() {
    let Cast { app, root, owner, first, second } = start().await;
    first.delete(&format!("{}?reason=Asleep.", of("second"))).await.expect(204);
    let log = owner.get("/mod-actions?community=garden").await.expect(200);
    assert_eq!(
        each(&log, "kind"),
        ["dismiss_moderator", "appoint_moderator", "appoint_moderator", "create_community"]
    );
    assert_eq!(
        each(&log, "account"),
        [json!("second"), json!("second"), json!("first"), json!(null)]
    );
    assert_eq!(each(&log, "actor"), ["first", "first", "owner", "owner"]);
    assert_eq!(each(&log, "reason")[..2], ["Asleep.", "They help."]);
    let seen = second.get("/mod-actions").await.expect(200);
    assert_eq!(seen["items"], json!([]));

    let role = json!({"role": "admin", "reason": "On duty."});
    root.put("/accounts/first/role", role.clone()).await.expect(200);
    // Nothing changes, so nothing is written.
    root.put("/accounts/first/role", role).await.expect(200);
    let log = root.get("/mod-actions?kind=change_role").await.expect(200);
    assert_eq!(each(&log, "account"), ["first"]);
    assert_eq!(each(&log, "detail"), ["admin"]);
    assert_eq!(each(&log, "reason"), ["On duty."]);
    let too_long = json!({"role": "member", "reason": "x".repeat(1_001)});
    root.put("/accounts/first/role", too_long).await.expect_invalid(&[("reason", "length")]);

    let leave = "/communities/garden/membership";
    app.advance(Duration::from_millis(1));
    owner.delete(leave).await.expect(204);
    app.member("visitor").await.delete(leave).await.expect(204);
    let log = root.get("/mod-actions?kind=dismiss_moderator").await.expect(200);
    assert_eq!(each(&log, "account"), ["owner", "second"]);
    assert_eq!(each(&log, "actor"), ["owner", "first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_of_one_community_neither_ban_nor_warn_each_other() {
    let Cast { app: _app, owner, second, .. } = start().await;
    for (person, name) in [(&second, "owner"), (&owner, "second")] {
        let ban = json!({"username": name, "deeds": ["post"]});
        let bans = "/communities/garden/bans";
        person.post(bans, ban).await.expect_problem(409, "moderates_here");
        let warning = json!({"username": name, "community": "garden", "reason": "No."});
        person.post("/warnings", warning).await.expect_problem(409, "moderates_there");
    }
}

/// A moderator who is dismissed while appointing somebody either is first, or appoints
/// nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_moderator_appoints_nobody() {
    let Cast { app, root, owner, first, .. } = start().await;
    for n in 0..12 {
        let name = format!("friend{n}");
        app.member(&name).await;
        let (path, appointed) = (of("first"), of(&name));
        let (dismissal, appointment) =
            join(owner.delete(&path), first.put(&appointed, Value::Null)).await;
        dismissal.expect(204);
        let names = walk(&root, LIST, 50, "username").await;
        if appointment.status == 204 {
            assert!(names.contains(&json!(name)), "{names:?}");
        } else {
            appointment.expect_problem(403, "moderators_only");
            assert!(!names.contains(&json!(name)), "{names:?}");
        }
        first.put(&of("second"), Value::Null).await.expect_problem(403, "moderators_only");
        app.advance(Duration::from_secs(10));
        owner.put(&path, Value::Null).await.expect(204);
    }
}
