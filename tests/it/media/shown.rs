//! Uploads, what is shown of them to whom, and when they are gone.

use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{NOTHING, avatar, files, kept, metadata, picture, try_upload, upload};
use crate::support::{PASSWORD, TestApp, forum::id, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_its_owners_until_it_is_used() {
    let app = TestApp::start().await;
    let [ada, bob] = [app.member("ada").await, app.member("bob").await];
    let root = app.admin("root").await;
    let reply = try_upload(&ada, &files::jpeg(600, 300)).await;
    let media = reply.expect(201);
    assert_eq!((&media["state"], &media["media_type"]), (&json!("ready"), &json!("image/jpeg")));
    assert_eq!((&media["width"], &media["height"]), (&json!(600), &json!(300)));
    let path = format!("/media/{}", id(&media));
    assert_eq!(reply.headers["location"], format!("/api/v1{path}"));
    app.settled().await;
    for (name, width, height) in [("small", 320, 160), ("large", 600, 300), ("square", 256, 256)] {
        let copy = ada.get(&format!("{path}?size={name}")).await;
        let image = image::load_from_memory(&copy.body).unwrap();
        assert_eq!((image.width(), image.height()), (width, height), "{name}");
    }
    let whole = ada.get(&path).await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.headers["cache-control"], "no-store");
    for other in [&app.client, &bob.client] {
        other.get(&path).await.expect_problem(404, "not_found");
    }
    assert_eq!(root.get(&path).await.status, 200);
    let body = json!({"media_id": id(&media)});
    bob.put("/me/avatar", body.clone()).await.expect_invalid(&[("media_id", "unknown")]);
    ada.put("/me/avatar", body.clone()).await.expect(204);
    // Once more changes nothing.
    ada.put("/me/avatar", body).await.expect(204);
    let account = app.client.get("/accounts/ada").await.expect(200);
    assert_eq!(account["avatar"], media["id"]);
    for other in [&app.client, &bob.client] {
        assert_eq!(other.get(&path).await.body, whole.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_served_as_one_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let media = avatar(&app, &ada).await;
    app.settled().await;
    let path = format!("/media/{media}?size=square");
    let reply = app.client.get(&path).await;
    assert_eq!(reply.status, 200);
    let header = |name: &str| reply.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-disposition"), format!("inline; filename=\"{media}.png\""));
    assert!(header("content-security-policy").starts_with("sandbox;"));
    assert_eq!(header("cache-control"), "private, max-age=300");
    let tag = header("etag");
    for (known, status) in [
        (tag.to_owned(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"another\", {tag}"), 304),
        ("*".to_owned(), 304),
        ("\"another\"".to_owned(), 200),
    ] {
        let request = hyper::Request::builder()
            .uri(app.client.url(&path))
            .header("if-none-match", &known)
            .body(http_body_util::Full::default())
            .unwrap();
        let again = app.client.send_request(request).await;
        assert_eq!(
            (again.status.as_u16(), again.body.is_empty()),
            (status, status == 304),
            "{known}"
        );
    }
    assert_eq!(app.client.get(&format!("/media/{media}?size=huge")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_picture_takes_the_place_of_the_one_before() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let first = avatar(&app, &ada).await;
    let second = avatar(&app, &ada).await;
    app.client.get(&format!("/media/{first}")).await.expect_problem(404, "not_found");
    ada.get(&format!("/media/{first}")).await.expect_problem(404, "not_found");
    app.settled().await;
    assert_eq!(kept(&app), [format!("{second}.original"), format!("{second}.square")]);
    ada.delete("/me/avatar").await.expect(204);
    ada.delete("/me/avatar").await.expect(204);
    assert_eq!(app.client.get("/accounts/ada").await.expect(200).get("avatar"), None);
    app.settled().await;
    assert_eq!(kept(&app), NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_go_with_their_account() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let media = avatar(&app, &ada).await;
    upload(&app, &ada, &picture()).await;
    let closed = ada.send(Method::DELETE, "/me", Some(json!({"password": PASSWORD}))).await;
    closed.expect(204);
    app.client.get(&format!("/media/{media}")).await.expect_problem(404, "not_found");
    app.settled().await;
    assert_eq!(kept(&app), NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_file_is_stored_that_is_not_seen() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let corpus = metadata::corpus();
    for (_, file) in &corpus {
        upload(&app, &ada, file).await;
    }
    app.settled().await;
    let root = app.app.config.data_dir.join("media");
    let names = kept(&app);
    assert!(names.len() >= corpus.len(), "{names:?}");
    for folder in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap();
            assert!(!metadata::tells(&std::fs::read(file.path()).unwrap()), "{file:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_uses_is_deleted_after_a_day() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let used = avatar(&app, &ada).await;
    let unused = upload(&app, &ada, &picture()).await;
    // Copies that are made meanwhile would be orphans of the next collection.
    app.settled().await;
    // A file of an upload that broke off, one that was being written, and a stranger's.
    let orphan = "0199a1b2-0000-7000-8000-0000000000ab";
    let folder = app.app.config.data_dir.join("media").join("ab");
    std::fs::create_dir_all(&folder).unwrap();
    let strange =
        [format!("{orphan}.original"), format!("{orphan}.small.00.draft"), "readme.txt".to_owned()];
    for name in &strange {
        std::fs::write(folder.join(name), "x").unwrap();
    }
    let media = app.app.media.clone();
    app.advance(Duration::from_hours(23));
    media.forget_unused().await.unwrap();
    ada.get(&format!("/media/{}", id(&unused))).await;
    app.advance(Duration::from_hours(2));
    media.forget_unused().await.unwrap();
    media.collect().await.unwrap();
    app.settled().await;
    let ada = app.sign_in("ada").await;
    ada.get(&format!("/media/{}", id(&unused))).await.expect_problem(404, "not_found");
    let mut expected =
        vec![format!("{used}.original"), format!("{used}.square"), strange[2].clone()];
    expected.sort();
    wait_for("files are deleted", async || kept(&app) == expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_has_so_many_pictures_that_nothing_uses() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for _ in 0..40 {
        upload(&app, &ada, &picture()).await;
    }
    try_upload(&ada, &picture()).await.expect_problem(409, "too_many_unused");
    avatar_of_first(&app, &ada).await;
    upload(&app, &ada, &picture()).await;
}

async fn avatar_of_first(app: &TestApp, ada: &crate::support::Person) {
    let names = kept(app);
    let first = names.iter().find_map(|name| name.strip_suffix(".original")).unwrap();
    ada.put("/me/avatar", json!({"media_id": first})).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_limit_whether_they_tell_their_length_or_not() {
    let app = TestApp::start_with(|config| {
        config.media.max_mib = 1;
        config.limits.enabled = true;
        config.limits.media_account.count = 3.try_into().unwrap();
    })
    .await;
    let ada = app.member("ada").await;
    let large = vec![0; (1 << 20) + 1];
    try_upload(&ada, &large).await.expect_problem(413, "too_large");
    assert_eq!(chunked(&app, ada.token.as_deref().unwrap(), &large).await, "HTTP/1.1 413");
    let svg = ada.send_bytes(Method::POST, "/media", Some("image/svg+xml"), "<svg/>".into()).await;
    svg.expect_problem(415, "media_type");
    app.client
        .send_bytes(Method::POST, "/media", Some("image/png"), "".into())
        .await
        .expect_problem(401, "no_token");
    let wrong = try_upload(&ada, b"<svg/>").await;
    wrong.expect_invalid(&[("picture", "type")]);
    try_upload(&ada, &files::jpeg_saying(60_000, 60_000, 1))
        .await
        .expect_invalid(&[("picture", "dimensions")]);
    upload(&app, &ada, &picture()).await;
    try_upload(&ada, &picture()).await.expect_problem(429, "too_many_requests");
}

/// Sends a body that does not tell its length; the start of the answer.
async fn chunked(app: &TestApp, token: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.app.config.server.listen).await.unwrap();
    let head = format!(
        "POST /api/v1/media HTTP/1.1\r\nhost: forum\r\nauthorization: Bearer {token}\r\n\
         content-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for chunk in body.chunks(64 << 10) {
        let head = format!("{:x}\r\n", chunk.len());
        // It may answer before it has heard everything.
        let _ = stream.write_all(&[head.as_bytes(), chunk, b"\r\n"].concat()).await;
    }
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    String::from_utf8(start.to_vec()).unwrap()
}
