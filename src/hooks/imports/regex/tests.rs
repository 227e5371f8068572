//! The places are those that the library's own engine finds, and no expression
//! takes longer than its budget.

use proptest::prelude::*;
use regex_automata::nfa::thompson::pikevm::PikeVM;

use super::*;
use crate::hooks::imports::work::timed::{BUDGET, assert_in_time};

async fn found(pattern: &str, text: &str, most: usize) -> Result<Vec<Range>, String> {
    find(pattern.to_owned(), text, most, &mut Meter::new(u64::MAX)).await
}

/// The places that the engine of the library finds.
fn expected(pattern: &str, text: &str) -> Vec<Range> {
    let engine = PikeVM::new(pattern).expect("the expression is one");
    let mut cache = engine.create_cache();
    engine.find_iter(&mut cache, text).map(|found| found.range()).collect()
}

#[tokio::test]
async fn expressions_match_where_they_should() {
    for (pattern, text) in [
        ("b+", "abbcb"),
        ("", "añb"),
        ("a*", "baac"),
        ("a*?", "baac"),
        (r"\b", "ah ça va"),
        (r"\bça\b", "ah ça va"),
        (r"\B", "ça va"),
        ("^a|b$", "aab\nab"),
        ("(?m)^a|b$", "aab\nab"),
        ("a|ab|abc", "abc"),
        ("(?:a|ab|abc)(?:c|)", "abc"),
        ("(?i)straße|ẞ", "STRASSE Straße ẞ"),
        (r"\w+@\w+\.(?:com|net)", "write to a@b.com, c@d.net"),
        (r"\p{Han}+", "漢字 kana 漢"),
        ("[^a]", "añ漢"),
        ("x*$", "axx"),
        ("$", "é"),
        ("(?:)|é", "éé"),
        (r"(?s).*", "a\nb"),
    ] {
        let places = found(pattern, text, 1_000).await;
        assert_eq!(places, Ok(expected(pattern, text)), "{pattern} in {text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_expression_matches_where_the_library_says(
        pattern in r"([abé]|[ab]\*|[abé]\+\?|\\b|\^|\(a\|bé\)|\(\?:b\|\)\{0,2\}|\[\^a\]|\.|\||\$){1,6}",
        text in "[abé \n]{0,12}",
    ) {
        if let Ok(engine) = PikeVM::new(&pattern) {
            let mut cache = engine.create_cache();
            let all: Vec<Range> =
                engine.find_iter(&mut cache, &*text).map(|found| found.range()).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert_eq!(runtime.block_on(found(&pattern, &text, 1_000)), Ok(all));
        }
    }
}

/// Letters `a` and `b` as a coin falls, the same every time.
fn coins(length: usize) -> String {
    let mut state = 1_u32;
    let mut coin = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 31 == 0 { 'a' } else { 'b' }
    };
    (0..length).map(|_| coin()).collect()
}

#[tokio::test]
async fn the_worst_expressions_end_within_the_budget() {
    let long = "A".repeat(256 << 10);
    for (pattern, text) in [
        // Each match made an automaton begin again, and each byte was a new state.
        ("(?:[ab]*a[ab]{14}c)|[ab]", coins(26_000)),
        (".*[^A-Z]|[A-Z]", long.clone()),
        ("[01]*1[01]{900}$", "0110100".repeat(30_000)),
        (r"((\w{0,20}){0,9}){0,9}x", "é".repeat(100_000)),
        (r"(?i)(\w+\s?)+\d", "word ".repeat(50_000)),
        ("(a?){500}a{500}", "a".repeat(250_000)),
        (r"(?:\b|\B|^|$)*A*B", long.clone()),
        (r"(\pL|\pM|\pN|\pP){30}!", "漢".repeat(80_000)),
        ("(?:(?:(?:|x){30}){30})y|A", long),
        ("", "é".repeat(120_000)),
    ] {
        assert_in_time(pattern, async |meter| find(pattern.to_owned(), &text, 100, meter).await)
            .await;
    }
}

#[tokio::test]
async fn expressions_that_are_hard_to_compile_are_refused_or_compiled_in_time() {
    for pattern in [
        r"(?i)[\pL\pM\pN\pP\pS]".repeat(48),
        r"\w".repeat(512),
        r"(?i)\pL".repeat(140),
        format!("{}a{}", "(".repeat(200), "){2}".repeat(200)),
        "(?:a{0,30}){0,30}".repeat(60),
        "[a-z&&[^aeiou]--[xyz]~~[0-9]]".repeat(30),
        "(((((((((x{10}){10}){10}){10}){10}){10}){10}){10}){10}){10}".to_owned(),
    ] {
        assert_in_time(&pattern, async |meter| {
            COMPILED.invalidate(&pattern);
            find(pattern.clone(), "text", 100, meter).await
        })
        .await;
    }
}

/// A replay counts the same, whether the expression is compiled or was before.
#[tokio::test]
async fn steps_are_counted_exactly_and_the_same_every_time() {
    for (pattern, text, steps) in [
        ("ab", "", 128),
        // Two steps for the places that are passed over, five at `a`, seven at `b`,
        // where a match could begin as well, and two at the end.
        ("ab", "xxxxxxxxab", 128 + 2 + 5 + 7 + 2),
    ] {
        for _ in 0..2 {
            let mut meter = Meter::new(BUDGET);
            find(pattern.to_owned(), text, 100, &mut meter).await.unwrap();
            assert_eq!(BUDGET - meter.left(), steps, "{pattern} in {text:?}");
        }
    }
}

#[tokio::test]
async fn one_budget_holds_for_all_searches() {
    let (text, mut meter) = (coins(26_000), Meter::new(BUDGET));
    let mut search = async || find("(?:[ab]*a[ab]{14}c)|[ab]".into(), &text, 100, &mut meter).await;
    let refused = Err("the expression takes too long for a text of this length".to_owned());
    assert_eq!(search().await, refused);
    assert_eq!(search().await, refused);
    assert_eq!(meter.left(), 0);
    assert_eq!(find("a".into(), "a", 100, &mut meter).await, refused);
}
