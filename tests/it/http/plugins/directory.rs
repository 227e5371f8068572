//! The watched folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{binding_path, echo, rejected, verdict};
use crate::support::{Person, TestApp};

/// A server that watches a folder inside its own.
async fn scene() -> (TestApp, Person, PathBuf) {
    let app = TestApp::start_with(|config| {
        let folder = config.data_dir.join("bound");
        fs::create_dir_all(&folder).unwrap();
        config.plugins.directory = folder;
    })
    .await;
    let admin = app.admin("root").await;
    let folder = app.app.config.plugins.directory.clone();
    (app, admin, folder)
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    fs::write(folder.join(name), text).unwrap();
}

/// Waits until a question has an answer.
async fn wait<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "waited for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn bound(admin: &Person) -> Option<Value> {
    admin.get("/plugin-bindings").await.expect(200)["items"].get(0).cloned()
}

/// Waits until what is at work refuses so. That is stored before it is put to work.
async fn refuses(app: &TestApp, reason: &str) {
    wait(reason, async || (verdict(app).await? == rejected(reason)).then_some(())).await;
}

/// The error of a file.
async fn error(admin: &Person, file: &str) -> Option<String> {
    let shown = admin.get("/plugins/directory").await.expect(200);
    let files = shown["files"].as_array().unwrap();
    let file = files.iter().find(|it| it["file"] == file)?;
    file["error"].as_str().map(str::to_owned)
}

const BINDING: &str = "
    plugin = 'echo'
    component = 'echo.wasm'
    settings = 'pears'
    mode = 'enforce'
    priority = 7
";

#[tokio::test(flavor = "multi_thread")]
async fn what_files_say_is_bound_changed_and_unbound() {
    let (app, admin, folder) = scene().await;
    write(&folder, "echo.wasm", echo());
    write(&folder, "fruit.toml", BINDING);
    let binding = wait("the binding", async || bound(&admin).await).await;
    assert_eq!((&binding["file"], &binding["priority"]), (&json!("fruit.toml"), &json!(7)));
    assert_eq!(binding["changed_as"], "file");
    refuses(&app, "pears").await;

    // A file has the last word.
    let path = binding_path(&binding);
    let change = admin.patch(&path, json!({"mode": "off"})).await;
    change.expect_problem(409, "managed_by_file");
    admin.delete(&path).await.expect_problem(409, "managed_by_file");

    // What it does not say any more is as for a new binding; settings may be a file.
    write(&folder, "settings.txt", "plums");
    let text = BINDING.replace("settings = 'pears'", "settings_file = 'settings.txt'");
    write(&folder, "fruit.toml", text.replace("priority = 7", ""));
    refuses(&app, "plums").await;
    assert_eq!(admin.get(&path).await.expect(200)["priority"], 0);
    write(&folder, "settings.txt", "figs and more");
    refuses(&app, "figs and more").await;

    fs::remove_file(folder.join("fruit.toml")).unwrap();
    wait("the end", async || verdict(&app).await.is_none().then_some(())).await;
    assert_eq!(bound(&admin).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_shown_and_stops_nothing() {
    let (app, admin, folder) = scene().await;
    for (name, text, words) in [
        ("a.toml", "plugin = ", "TOML"),
        ("b.toml", "plugin = 'echo'\ncolour = 'red'", "colour"),
        ("c.toml", "plugin = 'echo'\ncomponent = 'none.wasm'", "not in the folder"),
        ("d.toml", "plugin = 'echo'\ncomponent = 'bad.wasm'", "not-a-component"),
        ("e.toml", "plugin = 'nobody'", "has not been uploaded"),
        (
            "f.toml",
            "plugin = 'echo'\ncomponent = 'echo.wasm'\nsettings = 'bad'",
            "configure-refused",
        ),
        ("g.toml", "plugin = 'echo'\ncomponent = '../echo.wasm'", "not in the folder"),
    ] {
        write(&folder, "bad.wasm", "nonsense");
        write(&folder, "echo.wasm", echo());
        write(&folder, name, text);
        let told = wait(name, async || error(&admin, name).await).await;
        assert!(told.contains(words), "{name}: {told}");
    }
    assert_eq!(bound(&admin).await, None);
    // When it is mended it is followed.
    write(&folder, "f.toml", BINDING);
    refuses(&app, "pears").await;
    assert_eq!(error(&admin, "f.toml").await, None);
    // A file that becomes wrong leaves what it said at work.
    write(&folder, "f.toml", "plugin");
    wait("the error", async || error(&admin, "f.toml").await).await;
    assert_eq!(verdict(&app).await, Some(rejected("pears")));
    // So does a folder that is away.
    fs::rename(&folder, folder.with_extension("away")).unwrap();
    wait("the folder's error", async || {
        let shown = admin.get("/plugins/directory").await.expect(200);
        shown.get("error").cloned()
    })
    .await;
    assert_eq!(verdict(&app).await, Some(rejected("pears")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_being_written_is_not_read() {
    let (app, admin, folder) = scene().await;
    write(&folder, "fruit.toml", BINDING);
    let component = echo();
    // Faster than the folder is looked at, it never stands still.
    for size in (1..10).map(|tenth| component.len() * tenth / 10) {
        write(&folder, "echo.wasm", &component[..size]);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let told = error(&admin, "fruit.toml").await.unwrap_or_default();
        assert!(told.is_empty() || told.contains("not in the folder"), "{told}");
    }
    write(&folder, "echo.wasm", &component);
    refuses(&app, "pears").await;
}
