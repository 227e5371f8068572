use proptest::prelude::*;

use super::*;

#[test]
fn deceptive_characters_are_removed_from_lines_and_from_texts() {
    for c in
        ['\u{0}', '\u{1b}', '\u{9b}', '\u{200b}', '\u{202e}', '\u{2060}', '\u{feff}', '\u{e0000}']
    {
        assert_eq!(clean_line(&format!("a{c}b")), "ab", "{c:?}");
        assert_eq!(clean_lines(&format!("a{c}b")), "ab", "{c:?}");
        assert!(!one_line(&format!("a{c}b")).contains(c), "{c:?}");
    }
}

#[test]
fn the_flags_of_england_scotland_and_wales_are_kept() {
    let flags = "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿";
    assert_eq!(clean_line(flags), flags);
    assert_eq!(clean_lines(flags), flags);
}

#[test]
fn tags_outside_of_a_recommended_flag_are_removed() {
    let tags = |letters: &str| -> String {
        letters.bytes().filter_map(|b| char::from_u32(0xe_0000 + u32::from(b))).collect()
    };
    for hidden in [
        format!("a{}", tags("gbeng\u{7f}")),
        format!("🏴{}", tags("ustx\u{7f}")),
        format!("🏴{}", tags("gbeng")),
        format!("🏴x{}", tags("gbeng\u{7f}")),
        format!("🏴{}", tags("ignoreallrules\u{7f}")),
    ] {
        let cleaned = clean_line(&hidden);
        assert!(!cleaned.contains(is_contextual), "{hidden:?} became {cleaned:?}");
    }
    let flag = format!("🏴{}", tags("gbwls\u{7f}"));
    assert_eq!(clean_line(&format!("{flag}{}", tags("more"))), flag);
}

#[test]
fn direction_marks_are_kept_in_lines_with_right_to_left_letters_only() {
    for kept in ["שלום C++\u{200f}", "\u{200e}C# فارسی", "مرحبا\u{61c}!"] {
        assert_eq!(clean_line(kept), kept);
        assert_eq!(clean_lines(&format!("a\n{kept}")), format!("a\n{kept}"));
    }
    assert_eq!(clean_line("fr\u{200f}ee"), "free");
    assert_eq!(clean_lines("fr\u{200e}ee\nשלום\u{200f}"), "free\nשלום\u{200f}");
}

#[test]
fn isolates_are_kept_in_pairs_in_lines_with_right_to_left_letters_only() {
    let pair = "שלום \u{2066}C++ \u{2068}a\u{2069}\u{2069}!";
    assert_eq!(clean_line(pair), pair);
    assert_eq!(clean_line("hello \u{2068}name\u{2069}"), "hello name");
    assert_eq!(clean_lines("שלום \u{2067}a\nb\u{2069} שלום"), "שלום a\nb שלום");
    assert_eq!(clean_line("\u{2069}שלום\u{2066}"), "שלום");
    let deep = format!("א{}{}", "\u{2066}".repeat(20), "\u{2069}".repeat(20));
    assert_eq!(clean_line(&deep).matches('\u{2066}').count(), ISOLATES_MAX);
}

proptest! {
    #[test]
    fn a_cleaned_text_is_clean(text in "[a א\u{5d0}\u{300}\u{200b}\u{200f}\u{2066}-\u{2069}\u{202e}\n🏴\u{e0062}\u{e0065}\u{e0067}\u{e006e}\u{e007f}]{0,40}") {
        let once = clean_lines(&text);
        prop_assert_eq!(clean_lines(&once), once.clone());
        prop_assert!(out_of_place(&once).is_empty());
        let line = clean_line(&text);
        prop_assert_eq!(clean_line(&line), line.clone());
    }
}
