//! `gatherly plugin` on a server: what an admin does without curl.

use std::{fs, path::PathBuf, process::Output};

use serde_json::{Value, json};
use tokio::process::Command;

use super::echo;
use crate::{
    hooks::bench::compiler,
    support::{Person, TestApp, forum::id, policy::first_letter},
};

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("gatherly-tools-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

async fn tool(person: &Person, arguments: &[&str]) -> Output {
    let server = person.url("//");
    Command::new(compiler())
        .arg("plugin")
        .args(arguments)
        .args(["--server", &server])
        .env("GATHERLY_TOKEN", person.token.as_deref().unwrap())
        .output()
        .await
        .unwrap()
}

fn json_of(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_goes_from_a_file_to_fixtures_of_its_decisions() {
    let app = TestApp::start().await;
    let (admin, mina) = (app.admin("root").await, app.member("mina").await);
    let folder = Folder::new();
    let component = folder.file("echo.wasm", &echo());

    let version = json_of(&tool(&admin, &["push", &component, "--name", "echo"]).await);
    assert_eq!(version["plugin"], "echo");
    let settings = folder.file("settings", b"No, thank you.");
    let bind = ["bind", "echo", "--settings", &settings, "--mode", "enforce"];
    let binding = json_of(&tool(&admin, &bind).await);
    assert_eq!(
        (&binding["mode"], &binding["settings"]),
        (&json!("enforce"), &json!("No, thank you."))
    );

    admin.post("/communities", json!({"slug": "bread", "name": "Bread"})).await.expect(201);
    let post = json!({"community": "bread", "title": "Rye", "body": "How long?"});
    mina.post("/posts", post).await.expect_problem(403, "rejected_by_policy");
    let (id, out) = (binding["id"].as_str().unwrap(), folder.0.join("tests"));
    let export = ["export-fixtures", id, "--output", out.to_str().unwrap()];
    assert!(tool(&admin, &export).await.status.success());
    let files: Vec<_> = fs::read_dir(&out).unwrap().collect();
    assert_eq!(files.len(), 1);

    let replay = json_of(&tool(&admin, &["replay", "--binding", id]).await);
    assert_eq!((&replay["state"], &replay["counts"]["same"]), (&json!("completed"), &json!(1)));
    let preview = tool(&admin, &["undo", id]).await;
    assert!(preview.status.success(), "{}", String::from_utf8_lossy(&preview.stderr));

    let test = ["test", &component, "--from", folder.0.to_str().unwrap(), "--settings", &settings];
    let tested = Command::new(compiler()).arg("plugin").args(test).output().await.unwrap();
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(said.ends_with("1 passed, 0 failed\n"), "{said}");
}

/// What is bound in one community judges there alone; an undo is followed to its
/// end.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_bound_in_a_community_is_taken_back() {
    let app = TestApp::start().await;
    let (admin, mina) = (app.admin("root").await, app.member("mina").await);
    admin.post("/communities", json!({"slug": "bread", "name": "Bread"})).await.expect(201);
    let folder = Folder::new();
    let component = folder.file("letters.wasm", &first_letter("please wait"));
    json_of(&tool(&admin, &["push", &component, "--name", "letters"]).await);
    let bind = ["bind", "letters", "--community", "bread", "--mode", "enforce"];
    let binding = json_of(&tool(&admin, &bind).await);
    assert_eq!(binding["scope"]["community"], "bread", "{binding}");

    let post = async |community: &str| {
        let post = json!({"community": community, "title": "Rye", "body": "How long?"});
        mina.post("/posts", post).await
    };
    post("general").await.expect(201);
    let held = post("bread").await.expect(202);
    let path = format!("/posts/{}", id(&held));
    admin.get(&path).await.expect(200);
    let stranger = app.member("ada").await;
    stranger.get(&path).await.expect_problem(404, "not_found");

    let preview = json_of(&tool(&admin, &["undo", id(&binding)]).await);
    assert_eq!(preview["items"].as_array().unwrap().len(), 1, "{preview}");
    stranger.get(&path).await.expect_problem(404, "not_found");
    let undone = json_of(&tool(&admin, &["undo", id(&binding), "--apply"]).await);
    assert_eq!((&undone["state"], &undone["progress"]), (&json!("done"), &json!(100)), "{undone}");
    stranger.get(&path).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_why_not() {
    let app = TestApp::start().await;
    let mina = app.member("mina").await;
    let folder = Folder::new();
    let component = folder.file("echo.wasm", &echo());
    let refused = tool(&mina, &["push", &component, "--name", "echo"]).await;
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.starts_with("gatherly: admins_only"), "{said}");
    let nobody = Command::new(compiler())
        .args(["plugin", "push", &component])
        .env_remove("GATHERLY_TOKEN")
        .output()
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("GATHERLY_TOKEN"));
}
