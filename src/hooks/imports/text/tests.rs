//! Each function answers as before, and no text takes longer than the budget.

use super::*;
use crate::hooks::imports::work::timed::{BUDGET, assert_in_time};

/// Texts of the longest length that are as hard as can be.
fn worst_texts() -> Vec<(&'static str, String)> {
    let long = |piece: &str| piece.repeat(TEXT_BYTES / piece.len());
    vec![
        ("ligatures that become eighteen characters", long("\u{fdfa}")),
        ("one letter with all its marks", long("\u{301}\u{323}")),
        ("marks in the wrong order", long("a\u{301}\u{323}\u{345}\u{334}")),
        ("syllables that come apart", long("각힣")),
        ("characters that are left out", long("\u{ad}\u{200b}")),
        ("letters whose lower case is longer", long("İ")),
        ("one word", long("a")),
        ("no word", long(" ")),
        ("dots in words", long("a.")),
        ("joined pictures", long("👩\u{200d}👩\u{200d}")),
        ("flags", long("🇦")),
        ("words that end in marks", long("a:\u{301}\u{301}\u{301}")),
    ]
}

#[tokio::test]
async fn the_worst_texts_end_within_the_budget() {
    for (name, text) in worst_texts() {
        let text = || text.clone();
        assert_in_time(name, async |meter| normalise(text(), meter).await).await;
        assert_in_time(name, async |meter| fold(text(), meter).await).await;
        assert_in_time(name, async |meter| words(text(), meter).await).await;
    }
}

#[tokio::test]
async fn the_worst_patterns_end_within_the_budget() {
    let text = "a".repeat(TEXT_BYTES);
    let prefixes: Vec<String> = (1..500).map(|length| "a".repeat(length) + "b").collect();
    for (name, patterns) in [
        // Each match is followed to the end of the text for a longer one.
        ("a long and a short one", vec!["a".repeat(PATTERN_BYTES - 1), "a".to_owned()]),
        ("many that begin alike", prefixes),
        ("as many as may be", (0..PATTERNS).map(|number| format!("word{number}")).collect()),
    ] {
        assert_in_time(name, async |meter| find_patterns(patterns.clone(), &text, meter).await)
            .await;
    }
}

#[tokio::test]
async fn steps_are_the_same_whether_an_automaton_is_built_or_was_before() {
    let patterns = || vec!["steps".to_owned(), "counted".to_owned()];
    // The byte between the words is read for both: the first could have been longer.
    let expected = PATTERN_BYTE * 12 + PATTERN * 2 + AUTOMATON_BYTE * 14;
    for _ in 0..2 {
        let mut meter = Meter::new(BUDGET);
        let found = find_patterns(patterns(), "Steps counted", &mut meter).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(BUDGET - meter.left(), expected);
    }
}

#[tokio::test]
async fn one_budget_holds_for_all_functions_together() {
    let mut meter = Meter::new(10_000);
    assert!(normalise("word ".repeat(100), &mut meter).await.is_ok());
    assert!(words("word ".repeat(1_000), &mut meter).await.is_err());
    assert_eq!(meter.left(), 0);
    assert!(fold("a".to_owned(), &mut meter).await.is_err());
    assert!(find("a".to_owned(), "a".to_owned(), &mut meter).await.unwrap().is_err());
    assert!(find_any(vec!["a".to_owned()], "a".to_owned(), &mut meter).await.unwrap().is_err());
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_unread() {
    let text = || "a".repeat(TEXT_BYTES + 1);
    let mut meter = Meter::new(BUDGET);
    assert!(normalise(text(), &mut meter).await.is_err());
    assert!(fold(text(), &mut meter).await.is_err());
    assert!(words(text(), &mut meter).await.is_err());
    assert!(find("a".to_owned(), text(), &mut meter).await.unwrap().is_err());
    assert!(find_any(vec!["a".to_owned()], text(), &mut meter).await.unwrap().is_err());
    assert_eq!(meter.left(), BUDGET);
}

/// The longest post that people can write.
#[tokio::test]
async fn the_longest_post_has_room_in_the_budget_of_a_call() {
    let post = "Żółty 漢字 word ".repeat(40_000 / 14);
    let mut meter = Meter::new(BUDGET);
    assert!(normalise(post.clone(), &mut meter).await.is_ok());
    assert!(fold(post.clone(), &mut meter).await.is_ok());
    assert!(words(post.clone(), &mut meter).await.is_ok());
    for pattern in [r"(?i)\bfree\s+money\b", r"https?://\S+", r"\w+@\w+\.\w+"] {
        let found = find(pattern.to_owned(), post.clone(), &mut meter).await.unwrap();
        assert_eq!(found, Ok(Vec::new()), "{pattern}, {} steps left", meter.left());
    }
}
