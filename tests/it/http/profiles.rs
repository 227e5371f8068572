//! What admins do to profiles and accounts, and what a ban from the site does to them.

use std::time::Duration;

use gatherly::{
    db::{Columns, statement},
    profiles::{KEEP_REMOVED, Profiles},
};
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    media::avatar,
    support::{
        Client, PASSWORD, Person, Reply, TestApp,
        forum::{each, id},
        wait_for,
    },
};

struct Cast {
    app: TestApp,
    root: Person,
    ada: Person,
    picture: String,
}

/// Somebody with a bio and an avatar.
async fn start() -> Cast {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.member("ada").await);
    ada.patch("/me", json!({"bio": "Buy at evil.test."})).await.expect(200);
    let picture = avatar(&app, &ada).await;
    Cast { app, root, ada, picture }
}

fn because(reason: &str) -> Value {
    json!({"reason": reason})
}

/// The status that somebody gets for a picture.
async fn seen(client: &Client, picture: &str) -> u16 {
    client.get(&format!("/media/{picture}")).await.status.as_u16()
}

/// The status that the public gets for a picture.
async fn shown(app: &TestApp, picture: &str) -> u16 {
    seen(&app.client, picture).await
}

async fn set_avatar(person: &Person, picture: &str) -> Reply {
    person.put("/me/avatar", json!({"media_id": picture})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_remove_and_restore_a_bio() {
    let Cast { app, root, ada, .. } = start().await;
    let removal = "/accounts/ada/bio/removal";
    ada.post(removal, because("Mine.")).await.expect_problem(403, "admins_only");
    root.post(removal, because(" ")).await.expect_invalid(&[("reason", "required")]);
    root.delete(removal).await.expect_problem(409, "nothing_to_restore");
    root.post(removal, because("Advertising.")).await.expect(204);
    root.post(removal, because("Again.")).await.expect_problem(409, "nothing_to_remove");
    assert_eq!(app.client.get("/accounts/ada").await.expect(200)["bio"], "");
    let kept = root.get("/accounts/ada/removed-profile").await.expect(200);
    assert_eq!(kept["bio"], "Buy at evil.test.");
    ada.get("/accounts/ada/removed-profile").await.expect_problem(403, "admins_only");
    let notices = async || ada.get("/notifications").await.expect(200)["items"].clone();
    wait_for("ada is told", async || notices().await != json!([])).await;
    let told = notices().await[0].clone();
    assert_eq!(told["kind"], "notice");
    assert!(told.to_string().contains("An admin removed your bio."), "{told}");
    assert!(told.to_string().contains("Advertising."), "{told}");

    root.delete(&format!("{removal}?reason=A%20mistake.")).await.expect(204);
    assert_eq!(app.client.get("/accounts/ada").await.expect(200)["bio"], "Buy at evil.test.");
    let log = root.get("/mod-actions?account=ada&kind=remove_bio").await.expect(200);
    assert_eq!(each(&log, "reason"), ["Advertising."]);
    assert_eq!(each(&log, "undone_by"), ["root"]);
    let log = root.get("/mod-actions?account=ada&kind=restore_bio").await.expect(200);
    assert_eq!(each(&log, "reason"), ["A mistake."]);

    root.post(removal, because("Advertising.")).await.expect(204);
    ada.patch("/me", json!({"bio": "I garden."})).await.expect(200);
    root.delete(removal).await.expect_problem(409, "profile_changed");
    let of_admin = format!("/accounts/{}/bio/removal", root.name);
    root.post(&of_admin, because("No.")).await.expect_problem(409, "admin_account");
    root.post("/accounts/nobody/bio/removal", because("No."))
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_remove_and_restore_an_avatar() {
    let Cast { app, root, ada, picture } = start().await;
    let removal = "/accounts/ada/avatar/removal";
    assert_eq!(shown(&app, &picture).await, 200);
    root.post(removal, because("Nude.")).await.expect(204);
    assert!(app.client.get("/accounts/ada").await.expect(200).get("avatar").is_none());
    assert_eq!(shown(&app, &picture).await, 404);
    for person in [&ada, &root] {
        assert_eq!(seen(person, &picture).await, 200);
    }
    // The picture that was removed cannot be used again by its owner.
    assert!(set_avatar(&ada, &picture).await.status.is_client_error());
    root.delete(removal).await.expect(204);
    assert_eq!(app.client.get("/accounts/ada").await.expect(200)["avatar"], picture);
    assert_eq!(shown(&app, &picture).await, 200);

    root.post(removal, because("Nude.")).await.expect(204);
    let other = avatar(&app, &ada).await;
    root.delete(removal).await.expect_problem(409, "profile_changed");
    // A second removal takes the place of the first, whose picture is erased.
    root.post(removal, because("Nude too.")).await.expect(204);
    let kept = root.get("/accounts/ada/removed-profile").await.expect(200);
    assert_eq!(kept["avatar"], other);
    root.get(&format!("/media/{picture}")).await.expect_problem(404, "not_found");
    assert_eq!(seen(&root, &other).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_of_a_profile_is_kept_for_a_month() {
    let Cast { app, root, picture, .. } = start().await;
    for part in ["bio", "avatar"] {
        let removal = format!("/accounts/ada/{part}/removal");
        root.post(&removal, because("No.")).await.expect(204);
    }
    let profiles = Profiles::new(app.app.accounts.clone());
    profiles.forget_old().await.unwrap();
    let path = "/accounts/ada/removed-profile";
    assert_eq!(root.get(path).await.expect(200).as_object().unwrap().len(), 4);
    app.advance(KEEP_REMOVED + Duration::from_millis(1));
    let root = app.sign_in("root").await;
    assert_eq!(root.get(path).await.expect(200), json!({}));
    let removal = "/accounts/ada/bio/removal";
    root.delete(removal).await.expect_problem(409, "nothing_to_restore");
    assert_eq!(seen(&root, &picture).await, 200);
    profiles.forget_old().await.unwrap();
    root.get(&format!("/media/{picture}")).await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_from_the_site_freezes_the_profile() {
    let Cast { app, root, ada, picture } = start().await;
    let until = "2026-01-02T00:00:00Z";
    let ban = json!({"username": "ada", "deeds": ["vote"], "until": until, "reason": "Fraud."});
    root.post("/communities/general/bans", ban.clone()).await.expect(201);
    ada.patch("/me", json!({"bio": "Still free."})).await.expect(200);
    root.post("/bans", ban).await.expect(201);
    let change = json!({"bio": "Frozen."});
    let refused = ada.patch("/me", change.clone()).await.expect_problem(403, "banned");
    assert!(refused["detail"].as_str().unwrap().contains("Fraud."), "{refused}");
    set_avatar(&ada, &picture).await.expect_problem(403, "banned");
    ada.delete("/me/avatar").await.expect_problem(403, "banned");
    // It is shown, for the ban does not forbid everything.
    let seen = app.client.get("/accounts/ada").await.expect(200);
    assert_eq!((&seen["bio"], &seen["avatar"]), (&json!("Still free."), &json!(picture)));

    app.advance(Duration::from_hours(24));
    let ada = app.sign_in("ada").await;
    ada.patch("/me", change).await.expect(200);
    ada.delete("/me/avatar").await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_of_somebody_who_is_banned_from_everything_is_hidden() {
    let Cast { app, root, ada, picture } = start().await;
    let bob = app.member("bob").await;
    let profile = async |client: &Client| {
        let one = client.get("/accounts/ada").await.expect(200);
        let listed = client.get("/accounts?query=ada").await.expect(200)["items"][0].clone();
        assert_eq!(one, listed);
        (one["bio"] != "", one.get("avatar").is_some())
    };
    let ban = |deeds: &[&str]| json!({"username": "ada", "deeds": deeds, "reason": "Spam."});
    root.post("/bans", ban(&["comment", "post"])).await.expect(201);
    assert_eq!(profile(&app.client).await, (true, true));
    let rest = root.post("/bans", ban(&["view", "vote"])).await.expect(201);
    for client in [&app.client, &bob.client] {
        assert_eq!(profile(client).await, (false, false));
        let path = format!("/media/{picture}");
        client.get(&path).await.expect_problem(404, "not_found");
    }
    assert_eq!(profile(&root).await, (true, true));
    let own = ada.get("/me").await.expect(200);
    assert_eq!(own["account"]["avatar"], picture);
    assert_eq!(own["account"]["bio"], "Buy at evil.test.");
    root.delete(&format!("/bans/{}", id(&rest))).await.expect(204);
    assert_eq!(profile(&app.client).await, (true, true));
    assert_eq!(shown(&app, &picture).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_rename_accounts() {
    let Cast { app, root, ada, .. } = start().await;
    app.member("bob").await;
    let rename = |username: &str| json!({"username": username, "reason": "Insulting."});
    let path = "/accounts/ada/name";
    ada.put(path, rename("eve")).await.expect_problem(403, "admins_only");
    root.put(path, rename("bob")).await.expect_problem(409, "username_taken");
    root.put(path, rename("admin")).await.expect_invalid(&[("username", "reserved")]);
    root.put(path, json!({"username": "eve", "reason": ""}))
        .await
        .expect_invalid(&[("reason", "required")]);
    root.put(path, rename("eve")).await.expect(204);
    app.client.get("/accounts/ada").await.expect_problem(404, "not_found");
    assert_eq!(ada.get("/me").await.expect(200)["account"]["username"], "eve");
    app.sign_in("eve").await;
    // The old name stays theirs, and reaches nobody else.
    app.member("carl").await;
    root.put("/accounts/carl/name", rename("Ada")).await.expect_problem(409, "username_taken");
    let registered = json!({"username": "ada", "email": "other@example.org", "password": PASSWORD});
    app.client.post("/accounts", registered).await.expect_problem(409, "username_taken");
    root.put("/accounts/eve/name", rename("ada")).await.expect(204);
    root.put(path, rename("eve")).await.expect(204);
    let released = json!({"username": "ada", "reason": "A mistake."});
    root.post("/released-names", released).await.expect(204);
    root.put("/accounts/carl/name", rename("ada")).await.expect(204);
    let log = root.get("/mod-actions?kind=rename").await.expect(200);
    let acts = log["items"].as_array().unwrap().iter();
    let acts = acts.map(|act| (act["account"].as_str().unwrap(), act["detail"].as_str().unwrap()));
    let of_carl: Vec<_> = acts.clone().filter(|(account, _)| *account == "ada").collect();
    assert_eq!(of_carl, [("ada", "carl → ada")]);
    assert_eq!(acts.filter(|(account, _)| *account == "eve").count(), 3);
    let of_admin = format!("/accounts/{}/name", root.name);
    root.put(&of_admin, rename("boss")).await.expect_problem(409, "admin_account");
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_close_accounts() {
    let Cast { app, root, ada, picture } = start().await;
    let rename = json!({"username": "eve", "reason": "Insulting."});
    root.put("/accounts/ada/name", rename).await.expect(204);
    root.post("/accounts/eve/bio/removal", because("No.")).await.expect(204);
    let address = "ada@example.org";
    app.verify(address).await;
    let path = "/accounts/eve/closure";
    ada.post(path, because("Bye.")).await.expect_problem(403, "admins_only");
    let of_admin = format!("/accounts/{}/closure", root.name);
    root.post(&of_admin, because("Bye.")).await.expect_problem(409, "admin_account");
    root.post(path, because("A bot farm.")).await.expect(204);
    root.post(path, because("A bot farm.")).await.expect_problem(404, "not_found");
    let kept = statement("select count(*) as n from mails where address = ?").bind(address);
    let row = app.app.db.optional(kept).await.unwrap().unwrap();
    assert_eq!(row.value::<i64>("n").unwrap(), 0);
    assert_eq!(ada.get("/me").await.status, 401);
    app.client.get("/accounts/eve").await.expect_problem(404, "not_found");
    assert_eq!(shown(&app, &picture).await, 404);
    let log = root.get("/mod-actions?kind=close_account").await.expect(200);
    assert_eq!(each(&log, "reason"), ["A bot farm."]);
    // The names that the account had are erased with it.
    let log = root.get("/mod-actions?kind=rename").await.expect(200);
    assert!(log["items"][0].get("detail").is_none(), "{log}");
    assert!(!log.to_string().contains("eve"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn to_remove_a_reported_account_is_to_remove_its_profile() {
    let Cast { app, root, picture, .. } = start().await;
    let bob = app.member("bob").await;
    let report = json!({"kind": "account", "username": "ada", "reason": "See the bio."});
    bob.post("/reports", report.clone()).await.expect(201);
    let open = root.get("/review-items").await.expect(200)["items"][0].clone();
    let resolutions = format!("/review-items/{}/resolutions", id(&open));
    let remove = json!({"resolution": "remove", "note": "Advertising."});
    let settled = root.post(&resolutions, remove.clone()).await.expect(201);
    assert_eq!(settled["state"], "removed");
    let seen = app.client.get("/accounts/ada").await.expect(200);
    assert_eq!((&seen["bio"], seen.get("avatar")), (&json!(""), None));
    assert_eq!(shown(&app, &picture).await, 404);
    let log = root.get("/mod-actions?account=ada").await.expect(200);
    let mut kinds = each(&log, "kind");
    kinds.sort_by_key(ToString::to_string);
    assert_eq!(kinds, ["remove_avatar", "remove_bio"]);
    assert_eq!(each(&log, "reason"), ["Advertising.", "Advertising."]);

    app.advance(Duration::from_secs(1));
    bob.post("/reports", report).await.expect(201);
    let open = root.get("/review-items").await.expect(200)["items"][0].clone();
    let resolutions = format!("/review-items/{}/resolutions", id(&open));
    root.send(Method::POST, &resolutions, Some(remove))
        .await
        .expect_problem(409, "nothing_to_remove");
    let open = root.get(&format!("/review-items/{}", id(&open))).await.expect(200);
    assert_eq!(open["state"], "open");
    root.post(&resolutions, json!({"resolution": "approve"})).await.expect(201);
    let log = root.get("/mod-actions?account=ada&limit=1").await.expect(200);
    assert_eq!(each(&log, "kind"), ["dismiss_report"]);
}
