use super::{Extent, Hit, Lists, Words};
use crate::fold::tests::Numbers;

fn list(words: &[&str], extent: Extent) -> Words {
    let mut lists = Lists::default();
    lists.add(words.iter().map(ToString::to_string).collect(), extent);
    lists.build().unwrap()
}

fn found<'t>(words: &Words, text: &'t str) -> Vec<&'t str> {
    words.find(text).into_iter().map(|hit| text.get(hit.span).unwrap()).collect()
}

#[test]
fn whole_words_only_unless_asked() {
    let whole = list(&["ass", "Rosé wine"], Extent::Word);
    assert_eq!(found(&whole, "An ass in class, ass_hat, (ASS)!"), ["ass", "ASS"]);
    assert_eq!(found(&whole, "Some rose \n wine."), ["rose \n wine"]);
    let anywhere = list(&["ass"], Extent::Substring);
    assert_eq!(found(&anywhere, "class"), ["ass"]);
}

#[test]
fn spans_are_in_the_original_text() {
    let words = list(&["viagra"], Extent::Word);
    let text = "Ünbelievable: V1АGR\u{200b}A\u{301}, ｖｉａｇｒａ.";
    assert_eq!(found(&words, text), ["V1АGR\u{200b}A\u{301}", "ｖｉａｇｒａ"]);
}

#[test]
fn words_match_themselves_in_every_script() {
    for word in [
        "Спам",
        "спам с сайта",
        "垃圾",
        "ばか",
        "बुरा",
        "스팸",
        "455",
        "4chan",
        "c++",
        "$cam",
        "İstanbul",
    ] {
        let words = list(&[word], Extent::Word);
        let text = format!("x {word} y");
        assert_eq!(found(&words, &text), [word]);
    }
    assert_eq!(
        found(&list(&["垃圾"], Extent::Word), "这是垃圾广告"),
        ["垃圾"],
        "no spaces, no word boundaries"
    );
}

#[test]
fn lists_are_told_apart_and_bounded() {
    let mut lists = Lists::default();
    lists.add(vec!["spam".to_owned(), "pam".to_owned()], Extent::Substring);
    lists.add(vec!["spam".to_owned()], Extent::Word);
    let words = lists.build().unwrap();
    let mut hits = words.find("spam");
    hits.sort_by_key(|hit| (hit.list, hit.span.start));
    assert_eq!(
        hits,
        [Hit { list: 0, span: 0..4 }, Hit { list: 0, span: 1..4 }, Hit { list: 1, span: 0..4 },]
    );
    let flood = "pam ".repeat(1_000) + "spam";
    let hits = words.find(&flood);
    assert_eq!(hits.iter().filter(|hit| hit.list == 0).count(), 32);
    assert_eq!(hits.iter().filter(|hit| hit.list == 1).count(), 1, "one list cannot hide another");
}

#[test]
fn ten_thousand_words_are_found() {
    let all: Vec<String> = (0..10_000).map(|n| format!("word{n}x")).collect();
    let mut lists = Lists::default();
    lists.add(all.clone(), Extent::Word);
    let words = lists.build().unwrap();
    for word in all.iter().step_by(997) {
        assert_eq!(found(&words, &format!("a {word} b")), [word.as_str()]);
    }
}

/// Whatever stands around a disguised word, it is found, and where it is.
#[test]
fn a_disguised_word_is_found_in_any_text() {
    let words = list(&["viagra"], Extent::Word);
    let disguises: [&[&str]; 6] = [
        &["v", "V", "ν", "ｖ", "ⓥ", "ᴠ"],
        &["i", "1", "і", "ｉ", "í", "i\u{301}", "İ"],
        &["a", "А", "α", "4", "ａ\u{200d}", "🅰"],
        &["g", "G", "ɡ", "ｇ", "\u{ad}g"],
        &["r", "R", "ʀ", "ｒ"],
        &["a", "а", "Á", "𝓪"],
    ];
    let mut numbers = Numbers::new();
    for _ in 0..2_000 {
        let word: String =
            disguises.iter().map(|forms| forms[numbers.below(forms.len())]).collect();
        let (before, after) = (numbers.text(8), numbers.text(8));
        let text = format!("{before} {word} {after}");
        let start = before.len() + 1;
        let found = words.find(&text).into_iter().any(|hit| {
            // What cannot be seen at either end may belong to it or not.
            hit.span.start >= start
                && hit.span.start <= start + 2
                && text
                    .get(hit.span.clone())
                    .is_some_and(|found| word.contains(found.trim_end_matches('\u{200d}')))
        });
        assert!(found, "{text:?}");
    }
}
