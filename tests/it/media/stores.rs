//! Both stores of files do the same; and a forum whose pictures are in a bucket,
//! also when that is gone.

use std::{
    collections::BTreeSet,
    process::Command,
    time::{Duration, Instant},
};

use gatherly::{
    base::{clock::Timestamp, ids::new_uuid},
    blobs::{Blobs, Key},
    config::{Checksums, Config, MediaStore},
};
use serde_json::json;

use super::{avatar, files, picture, try_upload, upload};
use crate::support::{BUCKET, Bucket, CREDENTIALS, TestApp, forum::id};

/// Says that the process is this test's own.
const ALONE: &str = "TEST_BUCKET_ALONE";

/// Runs a test again in a process that has credentials, which come by the
/// environment; false in that process.
fn again_with_credentials(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    let mut tests = Command::new(std::env::current_exe().unwrap());
    let run = tests.args(["--exact", test, "--nocapture"]).env(ALONE, "1").envs(CREDENTIALS);
    let run = run.output().unwrap();
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    true
}

fn in_bucket(config: &mut Config, bucket: &Bucket) {
    config.media.store = MediaStore::S3;
    let s3 = &mut config.media.s3;
    (s3.bucket, s3.region) = (BUCKET.to_owned(), "eu-central-1".to_owned());
    (s3.endpoint, s3.path_style) = (bucket.endpoint.clone(), true);
    "forum/".clone_into(&mut s3.prefix);
}

/// Every file that a store lists.
async fn all(blobs: &Blobs) -> BTreeSet<Key> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let listed = blobs.list(after).await.unwrap();
        found.extend(listed.keys);
        after = match listed.next {
            Some(next) => Some(next),
            None => return found,
        };
    }
}

/// What every store does.
async fn conforms(blobs: &Blobs) {
    let now = Timestamp(1_767_225_600_000);
    assert_eq!(all(blobs).await, BTreeSet::new());
    let (one, two) = (new_uuid(now), new_uuid(now.plus(Duration::from_secs(1))));
    let (whole, small) = (Key::new(one, "original"), Key::new(one, "small"));
    let other = Key::new(two, "original");
    assert_eq!(blobs.get(&whole).await.unwrap(), None);
    assert!(!blobs.has(&whole).await.unwrap());
    blobs.delete(&whole).await.unwrap();
    let large = vec![7; 3 << 20];
    blobs.put(&whole, large.clone().into(), "image/png").await.unwrap();
    blobs.put(&small, "small".into(), "image/png").await.unwrap();
    blobs.put(&other, "".into(), "image/jpeg").await.unwrap();
    assert_eq!(blobs.get(&whole).await.unwrap().unwrap(), large);
    assert_eq!(blobs.get(&other).await.unwrap().unwrap(), "");
    assert!(blobs.has(&small).await.unwrap());
    // The same once more is the same.
    blobs.put(&small, "small".into(), "image/png").await.unwrap();
    assert_eq!(blobs.get(&small).await.unwrap().unwrap(), "small");
    assert_eq!(all(blobs).await, BTreeSet::from([whole.clone(), small.clone(), other.clone()]));
    let listed = all(blobs).await.into_iter().next().unwrap();
    assert_eq!((listed.id(), listed.made_at(), listed.is_draft()), (one, now, false));
    blobs.delete(&whole).await.unwrap();
    blobs.delete(&whole).await.unwrap();
    assert_eq!(blobs.get(&whole).await.unwrap(), None);
    assert_eq!(all(blobs).await, BTreeSet::from([small, other]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_a_store() {
    let app = TestApp::start().await;
    let mut config = app.app.config.clone();
    config.data_dir.push("apart");
    conforms(&Blobs::open(&config).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_a_store() {
    if again_with_credentials("media::stores::a_bucket_is_a_store") {
        return;
    }
    for checksums in [Checksums::WhenSupported, Checksums::WhenRequired] {
        let bucket = Bucket::start().await;
        let mut config = Config::defaults().unwrap();
        in_bucket(&mut config, &bucket);
        config.media.s3.checksums = checksums;
        conforms(&Blobs::open(&config).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forum_keeps_its_pictures_in_a_bucket() {
    if again_with_credentials("media::stores::a_forum_keeps_its_pictures_in_a_bucket") {
        return;
    }
    let bucket = Bucket::start().await;
    let app = TestApp::start_with(|config| in_bucket(config, &bucket)).await;
    let ada = app.member("ada").await;
    let media = avatar(&app, &ada).await;
    app.settled().await;
    assert!(bucket.file(&format!("forum/{media}.original")).is_file());
    let square = app.client.get(&format!("/media/{media}?size=square")).await;
    let seen = image::load_from_memory(&square.body).unwrap();
    assert_eq!((seen.width(), seen.height()), (30, 30));
    ada.delete("/me/avatar").await.expect(204);
    app.settled().await;
    assert!(!bucket.file(&format!("forum/{media}.original")).exists());

    // Readers may be sent to the bucket.
    let app = app.restart_with(|config| {
        in_bucket(config, &bucket);
        config.media.s3.presigned = true;
    });
    let app = app.await;
    let ada = app.sign_in("ada").await;
    let media = avatar(&app, &ada).await;
    let there = app.client.get(&format!("/media/{media}")).await;
    assert_eq!(
        (there.status.as_u16(), &there.headers["cache-control"]),
        (307, &"no-store".parse().unwrap())
    );
    let address = there.headers["location"].to_str().unwrap();
    let rest = address.strip_prefix(&bucket.endpoint).expect("it is there");
    let direct = crate::support::Client::new(bucket.endpoint.clone());
    let direct = direct.get(&format!("/{rest}")).await;
    assert_eq!(direct.status, 200, "{}", direct.text());
    assert_eq!(direct.headers["content-type"], "image/png");
    image::load_from_memory(&direct.body).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_bucket_a_forum_lacks_pictures_only() {
    if again_with_credentials("media::stores::without_its_bucket_a_forum_lacks_pictures_only") {
        return;
    }
    let bucket = Bucket::start().await;
    let app = TestApp::start_with(|config| in_bucket(config, &bucket)).await;
    let ada = app.member("ada").await;
    let media = avatar(&app, &ada).await;
    let unused = upload(&app, &ada, &files::jpeg(30, 30)).await;
    app.settled().await;
    bucket.stop().await;
    let begun = Instant::now();
    try_upload(&ada, &picture()).await.expect_problem(503, "unavailable");
    app.client.get(&format!("/media/{media}")).await.expect_problem(503, "unavailable");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // All else goes on, and what is to be deleted is deleted later.
    ada.put("/me/avatar", json!({"media_id": id(&unused)})).await.expect(204);
    crate::support::forum::post(&app, &ada, "A word").await;
    assert_eq!(app.client.get("/posts").await.status, 200);
}
