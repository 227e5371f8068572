//! Names find one account: nobody is taken for somebody with a name that looks alike.

use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp};

fn applicant(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_looks_alike_finds_nobody() {
    let app = TestApp::start().await;
    let (boss, corner) = (app.admin("boss").await, app.member("corner").await);
    app.member("ada").await;
    app.client.get("/accounts/comer").await.expect_problem(404, "not_found");
    app.client.get("/accounts/CORNER").await.expect(200);
    let sign_in = json!({"username": "comer", "password": PASSWORD});
    app.client.post("/sessions", sign_in).await.expect_problem(401, "wrong_credentials");
    let ban = json!({"username": "comer", "deeds": ["post"]});
    boss.post("/bans", ban).await.expect_invalid(&[("username", "unknown")]);
    let warning = json!({"username": "comer", "reason": "Look."});
    boss.post("/warnings", warning).await.expect_invalid(&[("username", "unknown")]);
    boss.put("/accounts/comer/role", json!({"role": "admin"})).await.expect(404);
    boss.put("/communities/general/moderators/comer", json!({})).await.expect(404);
    let post = json!({"community": "general", "title": "A call", "body": "Hello @comer!"});
    boss.post("/posts", post).await.expect(201);
    app.settled().await;
    let told = corner.get("/notifications").await.expect(200);
    assert_eq!(told["items"], json!([]));
    // The owner of the name is found by it.
    app.client.post("/accounts", applicant("comer")).await.expect(201);
    let found = app.client.get("/accounts/Comer").await.expect(200);
    assert_eq!(found["username"], "comer");
    let ban = json!({"username": "COMER", "deeds": ["post"]});
    assert_eq!(boss.post("/bans", ban).await.expect(201)["username"], "comer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_begins_with_the_letters_that_were_asked_for() {
    let app = TestApp::start().await;
    for name in ["modern", "mossbank", "rnike", "mike", "Ruth"] {
        app.client.post("/accounts", applicant(name)).await.expect(201);
    }
    let names = async |query: &str| -> Vec<String> {
        let found = app.client.get(&format!("/accounts?query={query}")).await.expect(200);
        let items = found["items"].as_array().unwrap();
        items.iter().map(|item| item["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("r").await, ["rnike", "Ruth"]);
    assert_eq!(names("M").await, ["mike", "modern", "mossbank"]);
}
