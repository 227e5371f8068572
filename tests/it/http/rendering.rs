//! Texts as they are shown: what is refused, what is kept, and how much a page has.

use serde_json::{Value, json};

use crate::support::{
    TestApp,
    forum::{comment, each, id, post, try_comment, try_post},
};

/// A text whose table would have two hundred cells a row.
fn table(rows: usize) -> String {
    format!("{}\n{}\n{}", "|a".repeat(200), "|:-:".repeat(200), "a\n".repeat(rows))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_whose_html_is_too_large_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let too_complex = [("body", "too_complex")];
    try_post(&app, &ada, "A table", &table(19_000)).await.expect_invalid(&too_complex);
    let made = try_post(&app, &ada, "A small table", &table(1)).await.expect(201);
    let path = format!("/posts/{}", id(&made));
    ada.patch(&path, json!({"body": table(19_000)})).await.expect_invalid(&too_complex);
    try_comment(&app, &ada, (&made, None), &table(4_000)).await.expect_invalid(&too_complex);
    let written = comment(&app, &ada, &made, "Short.").await;
    let path = format!("/comments/{}", id(&written));
    ada.patch(&path, json!({"body": table(4_000)})).await.expect_invalid(&too_complex);
    assert_eq!(ada.get(&path).await.expect(200)["body"], "Short.");
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_and_direction_marks_are_kept_and_deceptive_characters_are_not() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let (flags, hebrew) = ("🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿", "שלום C++\u{200f}");
    let body = format!("{flags} {hebrew}\n\na&#x202E;b&#27;[31m&#8203;c fr\u{200e}ee");
    let made = try_post(&app, &ada, &format!("{flags} {hebrew}"), &body).await.expect(201);
    assert_eq!(made["title"], format!("{flags} {hebrew}"));
    assert_eq!(made["body_html"], format!("<p>{flags} {hebrew}</p>\n<p>ab[31mc free</p>\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_long_comments_has_fewer_of_them() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let made = post(&app, &ada, "A title").await;
    // 10 kB of text and 50 kB of HTML each.
    let long = "&".repeat(10_000);
    let mut written = Vec::new();
    for _ in 0..20 {
        written.push(comment(&app, &ada, &made, &long).await["id"].clone());
    }
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let path = format!("/posts/{}/comments?limit=100{cursor}", id(&made));
        let page: Value = app.client.get(&path).await.expect(200);
        assert!(page.to_string().len() < (1 << 20) + 50_000);
        found.extend(each(&page, "id"));
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, written);
    assert_eq!(pages, 2);
}
