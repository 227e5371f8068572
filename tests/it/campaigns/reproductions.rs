//! What plugins decided is decided again from the record alone, and comes out
//! the same.

use std::collections::BTreeMap;

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};

use super::times;
use crate::support::{
    Person, TestApp,
    forum::{self, id},
    plugin, policy,
};

/// Who write and vote.
const MEMBERS: usize = 12;
/// Rounds between two looks of a moderator at what waits.
const LOOK_EVERY: usize = 5;
/// Records that are asked again at once.
const AT_ONCE: usize = 4;
/// What texts are made of; some of it is spam, some automod knows.
const WORDS: [&str; 12] = [
    "Hello",
    "Reply",
    "bread",
    "crust",
    "plum",
    "ＰＬＵＭ",
    "buy",
    "cheap",
    "pills",
    "é",
    "\n\n",
    "https://spam.example/x",
];

/// A forum where each comment is judged by three plugins and each vote by one.
/// Two of the four remember things.
struct Scene {
    app: TestApp,
    admin: Person,
    members: Vec<Person>,
    post: Value,
}

impl Scene {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let admin = app.admin("boss").await;
        let names = (0..MEMBERS).map(|number| format!("member{number}"));
        let mut members = Vec::new();
        for name in names {
            members.push(app.member(&name).await);
        }
        let rules = json!({"rules": [
            {"id": "fruit", "when": {"words": ["plum"]}, "action": "hold", "message": "fruit"},
            {"id": "links", "when": {"domain": ["spam.example"]}, "action": "annotate"},
        ]});
        let grants = json!({"state": true, "effects": ["report"]});
        let crowd = json!({"votes": 5});
        for (name, settings, grants) in [
            ("automod", rules, json!({})),
            ("spam-filter", json!({"odds": 3.0, "lessons": 3}), grants.clone()),
            ("vote-brigade", crowd, grants),
        ] {
            let terms = json!({"mode": "enforce", "settings": settings, "grants": grants});
            policy::bind(&admin, name, plugin(name), terms).await;
        }
        policy::enforce_first_letter(&admin, "please wait").await;
        let post = forum::post(&app, &members[0], "A post").await;
        Self { app, admin, members, post }
    }

    /// One writes and one votes; now and then somebody looks at what waits.
    async fn round(&self, number: usize) {
        let author = &self.members[number % MEMBERS];
        let words = (0..=number % 7).map(|at| WORDS[(number * 5 + at * at * 7) % WORDS.len()]);
        let body = words.collect::<Vec<_>>().join(" ");
        let body = format!("{body} {number}");
        let reply = forum::try_comment(&self.app, author, (&self.post, None), &body).await;
        assert!(matches!(reply.status.as_u16(), 201 | 202 | 403), "{}", reply.text());
        let voter = &self.members[(number + 1) % MEMBERS];
        let value = if (number / MEMBERS).is_multiple_of(4) { 1 } else { -1 };
        let path = format!("/posts/{}/vote", id(&self.post));
        let vote = voter.put(&path, json!({"value": value})).await;
        assert!(matches!(vote.status.as_u16(), 200 | 403), "{}", vote.text());
        if number.is_multiple_of(LOOK_EVERY) {
            self.look(number).await;
        }
    }

    /// Teaches the filter that what is for sale is spam.
    async fn look(&self, number: usize) {
        let items = self.admin.get("/review-items?kind=comment&limit=5").await.expect(200);
        let settle = items["items"].as_array().unwrap().iter().map(async |item| {
            let text = item["text"]["body"].as_str().unwrap_or_default();
            let is_spam = text.contains("cheap") || text.contains("pills");
            let resolution = if is_spam { "remove" } else { "approve" };
            let path = format!("/review-items/{}/resolutions", id(item));
            self.admin.post(&path, json!({"resolution": resolution})).await
        });
        for reply in join_all(settle).await {
            assert!(reply.status.is_success(), "round {number}: {}", reply.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_is_decided_again() {
    let scene = Scene::start().await;
    let least = times((120, 10_000));
    let mut records = Vec::new();
    for number in 0.. {
        scene.round(number).await;
        // Four plugins, and one that learns from what a moderator says.
        if number % 50 == 49 && number * 4 >= least {
            scene.app.settled().await;
            records = forum::walk(&scene.admin, "/decisions", 100, "id").await;
            if records.len() >= least {
                break;
            }
        }
    }
    let again = async |record: &Value| {
        let path = format!("/decisions/{}", record.as_str().unwrap());
        let record = scene.admin.get(&path).await.expect(200);
        let again = scene.admin.post(&format!("{path}/reproductions"), json!({})).await.expect(200);
        assert_eq!(again["equal"], true, "{record}: {again}");
        assert_eq!(again["reproduced"], again["recorded"], "{record}");
        record
    };
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut asking = stream::iter(&records).map(again).buffer_unordered(AT_ONCE);
    while let Some(record) = asking.next().await {
        let reads = record["staff"]["reads"]["reads"].as_array().map_or(0, Vec::len);
        let reads = if reads == 0 { "" } else { ", with reads" };
        let (plugin, verdict) = (&record["plugin"], &record["verdict"]);
        *kinds.entry(format!("{plugin} {verdict}{reads}")).or_default() += 1;
    }
    println!("{} records reproduced: {kinds:#?}", records.len());
    for expected in [
        r#""automod" "hold""#,
        r#""automod" "annotate""#,
        r#""letters" "hold""#,
        r#""letters" "reject""#,
        r#""letters" "allow""#,
        r#""spam-filter" "allow", with reads"#,
        r#""vote-brigade" "allow", with reads"#,
        r#""vote-brigade" "reject", with reads"#,
    ] {
        assert!(kinds.contains_key(expected), "none of {expected}: {kinds:#?}");
    }
}
