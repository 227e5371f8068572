use super::Folded;

fn folded(text: &str) -> String {
    Folded::new(text).into_text()
}

#[test]
fn disguises_come_off() {
    for disguise in [
        "badword",
        "BadWord",
        "bаdwоrd",        // Cyrillic
        "βαdωοrd",        // Greek
        "ｂａｄｗｏｒｄ", // full width
        "𝐛𝒶𝖉𝔀𝕠𝓻𝚍",        // mathematical
        "b@dw0rd",        // leet
        "b4dw0rd",
        "bad\u{200b}wo\u{ad}rd",  // zero width
        "b\u{336}á̷d\u{20dd}wörd", // marks
        "ⓑⓐⓓⓦⓞⓡⓓ",
        "🅱🅰🅳🆆🅾🆁🅳",
        "ᴮᵃᵈʷᵒʳᵈ",
    ] {
        assert_eq!(folded(disguise), "badword", "{disguise}");
    }
    assert_eq!(folded("straße ﬁn ŒUVRE"), "strasse fin oeuvre");
}

#[test]
fn punctuation_and_numbers_stay_what_they_are() {
    for (text, expected) in [
        ("badword! bad@ @bad", "badword! bad@ @bad"),
        ("455 people paid $100", "455 people paid $100"),
        ("sh!t $hit", "shit shit"),
        ("a  b\u{a0}\n\tc", "a b c"),
        ("4chan 4", "achan 4"),
        ("free-money free\u{2011}money free\u{2013}money", "free money free money free money"),
        ("- a -b c- - 1--2", "- a -b c- - 1--2"),
    ] {
        assert_eq!(folded(text), expected);
    }
}

#[test]
fn other_scripts_keep_their_words_apart() {
    assert_ne!(folded("कि"), folded("की"), "vowel signs are letters");
    assert_eq!(folded("Привет"), folded("привет"));
    assert_eq!(folded("漢字"), "漢字");
}

#[test]
fn ranges_lead_back_to_the_original() {
    let text = "é ﬁсh\u{200b}y\u{301}!";
    let folded = Folded::new(text);
    assert_eq!(folded.text(), "e fichy!");
    let back = |from, to| text.get(folded.source_range(from..to)).unwrap();
    assert_eq!(back(0, 1), "é");
    assert_eq!(back(2, 3), "ﬁ", "half of a ligature is all of it");
    assert_eq!(back(2, 7), "ﬁсh\u{200b}y\u{301}", "marks belong to their letter");
    assert_eq!(back(7, 8), "!");
    assert_eq!(Folded::new("plain").source_range(1..3), 1..3);
}

/// Numbers that look random and are the same in each run.
pub(crate) struct Numbers(u32);

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as usize % limit
    }

    /// A text of up to `length` characters, hard ones among them.
    pub(crate) fn text(&mut self, length: usize) -> String {
        let palette: Vec<char> = "aB 1!@$|é\u{301}ﬁ\u{200b}с½🅰ｗß漢\u{a0}İ가\n".chars().collect();
        (0..self.below(length + 1)).map(|_| palette[self.below(palette.len())]).collect()
    }
}

#[test]
fn every_range_of_every_text_leads_back() {
    let mut numbers = Numbers::new();
    for _ in 0..2_000 {
        let text = numbers.text(12);
        let folded = Folded::new(&text);
        let mut previous = 0..0;
        for (at, character) in folded.text().char_indices() {
            let range = folded.source_range(at..at + character.len_utf8());
            let found = text.get(range.clone()).unwrap_or_else(|| panic!("{text:?} {range:?}"));
            assert!(!found.is_empty(), "{text:?}");
            // In order, and without gaps but for what cannot be seen.
            assert!(range == previous || range.start >= previous.end, "{text:?} {range:?}");
            previous = range;
        }
    }
}
