//! Whatever a plugin answers: what is stored keeps to the rules that hold for
//! people, and nothing is an error of the server's.
//!
//! The guest answers what its event tells it to, byte by byte: each letter of a
//! text is half a byte of the answer.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use gatherly::{
    comments::CommentText,
    db::{Columns, statement},
    posts::PostText,
};
use hyper::StatusCode;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    hooks::guest::{BODY, CONTENT, component, core},
    support::{Person, Reply, TestApp, forum, policy},
};

/// The same answers in every run.
const SEED: u64 = 0x6761_7468_6572_6c79;
/// Where the guest puts its answer, and what it says after the fixed part.
const ANSWER: u32 = 0x1_0000;
const WORDS: u32 = ANSWER + 64;
/// Where the guest has a long run of one letter.
const RUN: u32 = 0x2_0000;
/// More than a patch may have.
const RUN_LENGTH: usize = 150_000;
/// Bytes of the fixed part.
const DECISION: usize = 44;
/// Case of the verdict.
const MODIFY: u8 = 2;
/// A text with nothing wrong.
const TITLE: &str = "A title of a person";
/// Requests at once: fewer than the failures in a row that end in quarantine.
const AT_ONCE: usize = 4;

/// What texts are made of. The last four are no UTF-8.
const PIECES: [&[u8]; 32] = [
    b" ",
    b"\n",
    b"\t",
    b"\r\n",
    b"\r",
    b"a",
    b"word ",
    b"\0",
    b"\x07",
    b"\x1b[31m",
    b"\x7f",
    b"<script>alert(1)</script>",
    b"[x](javascript:alert(1))",
    b"&#0;",
    "é".as_bytes(),
    "e\u{301}".as_bytes(),
    "e\u{200b}\u{301}".as_bytes(),
    // One character that is always written as two.
    "\u{958}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{2066}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{e0041}".as_bytes(),
    "\u{3000}".as_bytes(),
    "👩‍👩‍👧".as_bytes(),
    "שלום".as_bytes(),
    "\u{fdfa}".as_bytes(),
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xc0\x80",
];
/// How often a piece stands in a row: also around the bounds of a title.
const TIMES: [usize; 8] = [1, 1, 1, 2, 3, 199, 200, 201];
/// Lengths of a run: around every bound.
const RUNS: [usize; 12] =
    [0, 1, 2, 3, 200, 201, 10_000, 10_001, 40_000, 40_001, 131_072, RUN_LENGTH];
/// Bytes of generated words: a text of theirs still is a comment.
const MOST_WORDS: usize = 2_000;

/// What a plugin wants a field to be.
#[derive(Clone, Debug)]
enum Wanted {
    AsItIs,
    Words(Vec<u8>),
    Run(usize),
}

impl Wanted {
    fn generate(dice: &mut StdRng) -> Self {
        match dice.random_range(0..4) {
            0 => Self::AsItIs,
            1 => Self::Run(RUNS[dice.random_range(0..RUNS.len())]),
            _ => {
                let mut words = Vec::new();
                for _ in 0..dice.random_range(0..8) {
                    let piece = PIECES[dice.random_range(0..PIECES.len())];
                    words.extend(piece.repeat(TIMES[dice.random_range(0..TIMES.len())]));
                }
                words.truncate(MOST_WORDS);
                Self::Words(words)
            }
        }
    }

    /// The bytes that it stands for.
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::AsItIs => None,
            Self::Words(words) => Some(words.clone()),
            Self::Run(length) => Some(vec![b'x'; *length]),
        }
    }
}

/// An answer of the guest.
#[derive(Debug)]
struct Answer {
    is_post: bool,
    /// What a patch holds; `None` when the answer is any bytes.
    patch: Option<(Wanted, Wanted)>,
    image: Vec<u8>,
}

impl Answer {
    fn generate(dice: &mut StdRng) -> Self {
        let is_post = dice.random_bool(0.5);
        if dice.random_bool(0.2) {
            return Self { is_post, patch: None, image: anything(dice) };
        }
        // Whoever changes a comment mostly knows that it has no title.
        let has_title = is_post || dice.random_bool(0.1);
        let title = if has_title { Wanted::generate(dice) } else { Wanted::AsItIs };
        let body = Wanted::generate(dice);
        let image = image(&title, &body);
        Self { is_post, patch: Some((title, body)), image }
    }

    /// The text that makes the guest answer so.
    fn text(&self) -> String {
        let letters = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from(b'a' + half));
        self.image.iter().flat_map(letters).collect()
    }

    /// Title and body as they must be stored; `None` when the patch is none that
    /// a person could have written.
    fn expected(&self) -> Option<(Option<String>, String)> {
        let (title, body) = self.patch.as_ref().expect("it is a patch");
        let title = title.bytes().map(String::from_utf8).transpose().ok()?;
        let body = body.bytes().map(String::from_utf8).transpose().ok()?;
        let body = body.unwrap_or_else(|| self.text());
        if self.is_post {
            let text = PostText::parse(title.as_deref().unwrap_or(TITLE), &body).ok()?;
            return Some((Some(text.title), text.body));
        }
        let text = CommentText::parse(&body).ok()?;
        title.is_none().then(|| (None, text.as_str().to_owned()))
    }
}

/// Some decision, by numbers that mean nothing or almost something.
fn anything(dice: &mut StdRng) -> Vec<u8> {
    let mut image = Vec::new();
    while image.len() < DECISION {
        let number = match dice.random_range(0..4) {
            0 => dice.random_range(0..6),
            1 => WORDS,
            2 => RUN,
            _ => dice.random(),
        };
        image.extend(number.to_le_bytes());
    }
    image[0] = dice.random_range(0..6);
    image.resize(64, 0);
    image.extend(b"some words\x1b[31m\xe2\x80\xae");
    image
}

fn image(title: &Wanted, body: &Wanted) -> Vec<u8> {
    let (mut head, mut words) = (vec![MODIFY, 0, 0, 0], Vec::<u8>::new());
    for wanted in [title, body] {
        let (given, at, length) = match wanted {
            Wanted::AsItIs => (0, 0, 0),
            Wanted::Run(length) => (1, RUN, *length),
            Wanted::Words(bytes) => {
                let at = WORDS + u32::try_from(words.len()).unwrap();
                words.extend(bytes);
                (1, at, bytes.len())
            }
        };
        for number in [given, at, u32::try_from(length).unwrap()] {
            head.extend(number.to_le_bytes());
        }
    }
    head.resize(64, 0);
    head.extend(words);
    head
}

/// The guest that answers what it is told.
fn puppet() -> Vec<u8> {
    let (pointer, length) = BODY;
    let half = |at: u32| {
        format!(
            "(i32.sub (i32.load8_u offset={at} (i32.add (local.get $text) (local.get $n))) (i32.const 97))"
        )
    };
    let decide = format!(
        "(local $n i32) (local $text i32) (local $end i32)
         (local.set $text (i32.load offset={pointer} (local.get $in)))
         (local.set $end (i32.load offset={length} (local.get $in)))
         (loop $again
           (i32.store8 offset={ANSWER} (i32.shr_u (local.get $n) (i32.const 1))
             (i32.or (i32.shl {} (i32.const 4)) {}))
           (local.set $n (i32.add (local.get $n) (i32.const 2)))
           (br_if $again (i32.lt_u (local.get $n) (local.get $end))))
         (i32.const {ANSWER})",
        half(0),
        half(1)
    );
    let run = format!("(data (i32.const {RUN}) \"{}\")", "x".repeat(RUN_LENGTH));
    let module = core("content-before-publish", &decide, &run);
    component(CONTENT, &module.replace("\"memory\") 2)", "\"memory\") 8)")).to_vec()
}

/// A forum whose one plugin is the puppet.
struct Scene {
    app: TestApp,
    ada: Person,
    thread: Value,
    binding: Uuid,
}

impl Scene {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
        let thread = forum::post(&app, &ada, "A thread").await;
        let terms = json!({"mode": "enforce", "grants": {"modify": true}});
        let binding = policy::bind(&admin, "puppet", puppet(), terms).await;
        let binding = forum::id(&binding).parse().unwrap();
        Self { app, ada, thread, binding }
    }

    /// A person writes, and the plugin answers so.
    async fn write(&self, answer: &Answer) -> Reply {
        let text = answer.text();
        let reply = if answer.is_post {
            forum::try_post(&self.app, &self.ada, TITLE, &text).await
        } else {
            forum::try_comment(&self.app, &self.ada, (&self.thread, None), &text).await
        };
        // A plugin that is not asked any more would try nothing.
        assert!(self.app.app.hooks.restore(self.binding));
        reply
    }

    /// Everything that is stored could have been written by a person.
    async fn every_row_is_good(&self) -> usize {
        let posts = self.app.app.db.all(statement("select title, body from posts"));
        let mut rows = 0;
        for row in posts.await.unwrap() {
            let title: String = row.value("title").unwrap();
            let body: String = row.value("body").unwrap();
            let text = PostText::parse(&title, &body).expect("a post");
            assert_eq!((text.title, text.body), (title, body));
            rows += 1;
        }
        let comments = self.app.app.db.all(statement("select body from comments"));
        for row in comments.await.unwrap() {
            let body: String = row.value("body").unwrap();
            assert_eq!(CommentText::parse(&body).expect("a comment").as_str(), body);
            rows += 1;
        }
        let words = "select message from decisions where message is not null";
        for row in self.app.app.db.all(statement(words)).await.unwrap() {
            let message: String = row.value("message").unwrap();
            assert!(!message.contains(['\0', '\u{1b}', '\u{202e}']), "{message:?}");
        }
        rows
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_a_plugin_stores_an_invalid_row() {
    let scene = Scene::start().await;
    let mut dice = StdRng::seed_from_u64(SEED);
    let answers: Vec<Answer> = (0..10_000).map(|_| Answer::generate(&mut dice)).collect();
    let mut writing = stream::iter(&answers)
        .map(async |answer| (answer, scene.write(answer).await))
        .buffer_unordered(AT_ONCE);
    let (mut fates, mut stored): (BTreeMap<&str, usize>, usize) = (BTreeMap::new(), 0);
    while let Some((answer, reply)) = writing.next().await {
        let fate = check(answer, &reply);
        stored += usize::from(reply.status.is_success());
        *fates.entry(fate).or_default() += 1;
    }
    println!("{} answers: {fates:?}", answers.len());
    for fate in ["as wanted", "refused, held as written", "anything"] {
        assert!(fates.get(fate).is_some_and(|count| *count * 20 > answers.len()), "{fates:?}");
    }
    // And the thread.
    assert_eq!(scene.every_row_is_good().await, stored + 1);
}

/// What became of an answer.
#[track_caller]
fn check(answer: &Answer, reply: &Reply) -> &'static str {
    let status = reply.status;
    if answer.patch.is_none() {
        let may_be = [StatusCode::CREATED, StatusCode::ACCEPTED, StatusCode::FORBIDDEN];
        assert!(may_be.contains(&status), "{}: {answer:?}", reply.text());
        return "anything";
    }
    let written = reply.json();
    let (status, expected, fate) = if let Some(text) = answer.expected() {
        (StatusCode::CREATED, text, "as wanted")
    } else {
        let title = answer.is_post.then(|| TITLE.to_owned());
        (StatusCode::ACCEPTED, (title, answer.text()), "refused, held as written")
    };
    assert_eq!(reply.status, status, "{answer:?}: {written}");
    assert_eq!(written["body"], expected.1, "{answer:?}");
    assert_eq!(written.get("title"), expected.0.map(Value::from).as_ref(), "{answer:?}");
    fate
}
