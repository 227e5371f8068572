use super::{of_text, of_word, place_of};

/// Whether a text is found by a word: its terms stand in the text, one after the other.
fn finds(word: &str, text: &str) -> bool {
    let (terms, text) = (of_word(word), of_text(text));
    let text: Vec<&str> = text.split_whitespace().collect();
    !terms.is_empty() && text.windows(terms.len()).any(|window| window == terms)
}

#[test]
fn a_word_is_found_however_it_is_written() {
    for (word, text, expected) in [
        ("部署", "今天讨论了部署方案，大家怎么看", true),
        ("署方", "今天讨论了部署方案", true),
        ("部", "今天讨论了部署方案", true),
        ("部案", "今天讨论了部署方案", false),
        ("カ", "ｶﾞｲﾄﾞ", false),
        ("ガイド", "ｶﾞｲﾄﾞ", true),
        ("タワー", "東京タワーへ行きました", true),
        ("역사", "대한민국의 역사를 배우자", true),
        ("대한민국", "대한민국의 역사를 배우자", true),
        ("ไทย", "ภาษาไทยง่ายมาก", true),
        ("言語", "C言語を学ぶ", true),
        ("c", "C言語を学ぶ", true),
        ("strasse", "Die Straße", true),
        ("STRAẞE", "strasse", true),
        ("елка", "Ёлка", true),
        ("мои", "мой", false),
        ("dont", "I don’t", true),
        ("don't", "I dont", true),
        ("eau", "l’eau", true),
        ("oreilly", "O'Reilly", true),
        ("uber", "Über", true),
        ("u\u{308}ber", "Über", true),
        ("file", "ﬁle", true),
        ("smorrebrod", "Smørrebrød", true),
        ("σοφος", "ΣΟΦΌΣ", true),
        ("c++", "I like C++.", true),
        ("c++", "I like C\\+\\+ and C", true),
        ("c#", "I like C++ and C", false),
        ("c", "I like C++ and C#", false),
        ("c", "C, of course", true),
        ("f#", "F# is fun", true),
        (".net", "Use .NET now", true),
        (".net", "the net", false),
        ("issue#12", "issue#12", true),
        ("12", "issue#12", true),
        ("+1", "+1", true),
        ("foo-bar", "a foo bar", true),
        ("foo-bar", "foo and bar", false),
        ("🦉", "Owls 🦉🦉", true),
        ("a", "a", true),
        ("the", "the", true),
        ("*", "*", false),
    ] {
        assert_eq!(
            finds(word, text),
            expected,
            "{word} in {text}: {} in {}",
            of_word(word).join(" "),
            of_text(text)
        );
    }
}

#[test]
fn terms_are_words_of_ascii_that_every_index_takes() {
    let long = "a".repeat(5_000);
    let text = format!("a The don’t C++ {long} Ёлка 部署 🦉 {} Привет", "ж".repeat(90));
    for term in of_text(&text).split_whitespace() {
        assert!((3..=84).contains(&term.len()), "{term}");
        assert!(term.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{term}");
    }
    assert!(finds(&long, &text));
    assert!(!finds(&"a".repeat(4_999), &text));
}

#[test]
fn the_place_of_a_word_is_where_it_stands_in_the_text() {
    for (word, text, expected) in [
        ("strasse", "An der Straße", 7),
        ("dont", "I don’t", 2),
        ("部署", "讨论了部署方案", 3),
        ("none", "text", 0),
    ] {
        let characters: Vec<char> = text.chars().collect();
        assert_eq!(place_of(word, &characters), expected, "{word} in {text}");
    }
}
