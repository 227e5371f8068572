//! Finding what was written.

use gatherly::{base::secret::Secret, config::Config, db::statement};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::{
    TestApp,
    forum::{comment, each, id, post, try_comment, try_post},
    mariadb,
    policy::enforce_first_letter,
    wait_for,
};

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_newest_first() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let first = try_post(&app, &ada, "Über owls", "They hunt at night.").await.expect(201);
    let second = post(&app, &ada, "More owls").await;
    let said = comment(&app, &ada, &first, "I saw an owl and two owls.").await;

    let found = app.client.get("/search?query=owls").await.expect(200);
    assert_eq!(each(&found, "post_id"), [second["id"].clone(), first["id"].clone()]);
    assert_eq!(each(&found, "title"), ["More owls", "Über owls"]);
    let found = app.client.get("/search?query=NIGHT+uber").await.expect(200);
    assert_eq!(each(&found, "post_id"), [first["id"].clone()]);
    let found = app.client.get("/search?query=owls&kind=comment").await.expect(200);
    assert_eq!(each(&found, "comment_id"), [said["id"].clone()]);
    assert!(found["items"][0]["excerpt"].as_str().unwrap().contains("two owls"));
    for none in ["/search?query=owls+night+day", "/search?query=owls&community=nowhere"] {
        assert_eq!(app.client.get(none).await.expect(200), json!({"items": []}));
    }
    let page = app.client.get("/search?query=owls&limit=1").await.expect(200);
    let next = format!("/search?query=owls&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(each(&app.client.get(&next).await.expect(200), "post_id"), [first["id"].clone()]);

    // The index follows the text.
    ada.patch(&format!("/posts/{}", id(&first)), json!({"title": "Bats"})).await.expect(200);
    let found = app.client.get("/posts?query=bats").await.expect(200);
    assert_eq!(each(&found, "id"), [first["id"].clone()]);
    let found = app.client.get("/posts?query=owls&community=general&author=ada").await.expect(200);
    assert_eq!(each(&found, "id"), [second["id"].clone()]);
}

/// Texts, and words with whether each finds them.
const LANGUAGES: &[(&str, &[(&str, bool)])] = &[
    (
        "今天讨论了部署方案，大家怎么看",
        &[
            ("部署", true),
            ("方案", true),
            ("部", true),
            ("署方", true),
            ("今天 方案", true),
            ("部方", false),
        ],
    ),
    ("東京タワーへ行きました", &[("東京", true), ("タワー", true), ("京都", false)]),
    ("대한민국의 역사를 배우자", &[("대한민국", true), ("역사", true), ("국민", false)]),
    ("ภาษาไทยง่ายมาก", &[("ไทย", true), ("ภาษา", true), ("มาไทย", false)]),
    (
        "Die Straße am Fluß",
        &[("strasse", true), ("STRASSE", true), ("straße", true), ("fluss", true)],
    ),
    ("Ёлка и мой дом", &[("елка", true), ("ёлка", true), ("ЕЛКА", true), ("мои", false)]),
    (
        "We don’t know O'Reilly, nor l’eau",
        &[
            ("dont", true),
            ("don't", true),
            ("don’t", true),
            ("oreilly", true),
            ("eau", true),
            ("on't", false),
        ],
    ),
    ("C++ is fast", &[("C++", true), ("c++", true), ("C#", false), ("C", false)]),
    ("C# is neat", &[("C#", true), ("C++", false), ("C", false)]),
    ("C is old", &[("C", true), ("C#", false), ("C++", false)]),
    ("F# on .NET", &[("F#", true), (".NET", true), ("F", false)]),
    ("A cat and the owl of it", &[("the", true), ("a", true), ("of", true), ("it", true)]),
    ("Crème brûlée, ﬁne", &[("creme", true), ("BRULEE", true), ("fine", true)]),
    ("An owl 🦉 sleeps", &[("🦉", true), ("🐈", false)]),
];

/// Writes every text as a post and as a comment, and looks for every word among both.
async fn finds_languages(app: &TestApp) {
    let ada = app.member("ada").await;
    let thread = post(app, &ada, "Thread").await;
    let mut written = Vec::new();
    for (text, _) in LANGUAGES {
        let made = try_post(app, &ada, text, "Body.").await.expect(201);
        let said = comment(app, &ada, &thread, text).await;
        written.push((made["id"].clone(), said["id"].clone()));
    }
    for ((text, words), (made, said)) in LANGUAGES.iter().zip(&written) {
        for (word, is_found) in *words {
            let query = form_urlencoded::byte_serialize(word.as_bytes()).collect::<String>();
            let search = async |path: &str| {
                let path = format!("{path}limit=100&query={query}");
                app.client.get(&path).await.expect(200)
            };
            let posts = each(&search("/search?").await, "post_id");
            assert_eq!(posts.contains(made), *is_found, "{word} in {text}");
            let comments = each(&search("/search?kind=comment&").await, "comment_id");
            assert_eq!(comments.contains(said), *is_found, "{word} in the comment {text}");
            for sort in ["hot", "new", "top"] {
                let posts = each(&search(&format!("/posts?sort={sort}&")).await, "id");
                assert_eq!(posts.contains(made), *is_found, "{word} in {text} by {sort}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_every_script_are_found_alike_on_every_database() {
    finds_languages(&TestApp::start().await).await;
    let url = mariadb::database("languages").await;
    let app = TestApp::start_with(|config| config.database.url = Secret::new(url.clone())).await;
    finds_languages(&app).await;
    drop(app);
    mariadb::forget("languages".to_owned());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excerpt_is_the_part_of_the_text_that_has_the_word() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let body = format!("{} Die große Straße. {}", "far ".repeat(200), "away ".repeat(200));
    try_post(&app, &ada, "Title", &body).await.expect(201);
    let found = app.client.get("/search?query=strasse").await.expect(200);
    let excerpt = found["items"][0]["excerpt"].as_str().unwrap();
    assert!(excerpt.starts_with('…') && excerpt.ends_with('…'), "{excerpt}");
    assert!(excerpt.contains("Die große Straße."), "{excerpt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_an_earlier_release_are_indexed_after_a_start() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let thread = post(&app, &ada, "An older title").await;
    for number in 0..120 {
        comment(&app, &ada, &thread, &format!("Quetzal number {number}")).await;
    }
    let forget = ["posts", "comments"].map(|table| {
        let sql = format!("update {table} set terms = null, terms_version = 0");
        statement(sql.leak() as &'static str)
    });
    for forget in forget {
        let mut tx = app.app.db.begin().await.unwrap();
        tx.execute(forget).await.unwrap();
        tx.commit().await.unwrap();
    }
    let count = async |app: &TestApp, path: &str| {
        app.client.get(path).await.expect(200)["items"].as_array().unwrap().len()
    };
    let comments = "/search?kind=comment&limit=100&query=quetzal";
    assert_eq!(count(&app, comments).await, 0);
    let app = app.restart_with(|_| {}).await;
    wait_for("all are indexed", async || {
        count(&app, comments).await == 100
            && count(&app, "/search?kind=comment&query=119").await == 1
            && count(&app, "/search?kind=comment&query=0").await == 1
            && count(&app, "/search?query=older").await == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_may_be_seen_is_found() {
    let app = TestApp::start().await;
    let (root, ada, bob) =
        (app.admin("root").await, app.member("ada").await, app.member("bob").await);
    enforce_first_letter(&root, "please wait").await;
    let made = post(&app, &ada, "A title").await;
    try_post(&app, &ada, "canary", "Held.").await.expect(202);
    try_comment(&app, &ada, (&made, None), "Held: canary").await.expect(202);
    let gone = post(&app, &ada, "canary").await;
    comment(&app, &ada, &gone, "canary").await;
    ada.delete(&format!("/posts/{}", id(&gone))).await.expect(204);
    let said = comment(&app, &ada, &made, "canary").await;
    ada.delete(&format!("/comments/{}", id(&said))).await.expect(204);
    for path in ["/search?query=canary", "/search?query=canary&kind=comment", "/posts?query=canary"]
    {
        let found = |found: Value| found["items"].as_array().unwrap().len();
        assert_eq!(found(app.client.get(path).await.expect(200)), 0, "{path}");
        assert_eq!(found(bob.get(path).await.expect(200)), 0, "{path}");
        assert_eq!(found(ada.get(path).await.expect(200)), 1, "{path}");
        assert_eq!(found(root.get(path).await.expect(200)), 1, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_typed_reaches_the_index_as_its_language() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    post(&app, &ada, "AND OR NOT NEAR").await;
    for query in [
        "%22",
        "%22%22",
        "*",
        "a*",
        "^a",
        "title:a",
        "-a",
        "a AND",
        "AND",
        "NEAR(a b)",
        "a OR",
        "(",
        ")",
        "a%22b",
        "'",
        "%00",
        "%F0%9F%A6%89",
        "a%00b",
        "%5C",
        "{a b}",
        "a + b",
        "col : a",
        "%22a%22%22",
        "NOT",
        "posts_search",
        "rank",
        "%E2%80%AE",
        "%C3%A9",
    ] {
        for path in ["/search?query=", "/search?kind=comment&query=", "/posts?query="] {
            let path = format!("{path}{}", query.replace(' ', "%20"));
            let reply = app.client.get(&path).await;
            assert!(matches!(reply.status.as_u16(), 200 | 422), "{path}: {}", reply.text());
        }
    }
    let found = app.client.get("/search?query=near+and").await.expect(200);
    assert_eq!(each(&found, "title"), ["AND OR NOT NEAR"]);
    app.client.get("/search?query=").await.expect_invalid(&[("query", "words")]);
    app.client.get("/search").await.expect_problem(400, "bad_request");
    let long = format!("/search?query={}", "a".repeat(201));
    app.client.get(&long).await.expect_invalid(&[("query", "length")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_are_counted() {
    let app = TestApp::start_with(|config: &mut Config| config.limits.enabled = true).await;
    for _ in 0..15 {
        app.client.get("/search?query=a").await.expect(200);
        app.client.get("/posts?query=a").await.expect(200);
    }
    for path in ["/search?query=a", "/posts?query=a"] {
        app.client.get(path).await.expect_problem(429, "too_many_requests");
    }
    app.client.get("/posts").await.expect(200);
}
