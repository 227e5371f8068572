use super::{capitals, mentions};

#[test]
fn capitals_are_counted_among_letters_with_case() {
    assert_eq!(capitals(["AbC 123", "ДА 漢"].into_iter()), (4, 5));
    assert_eq!(capitals([""].into_iter()), (0, 0));
}

#[test]
fn mentions_are_names_after_an_at_sign() {
    let text = "@robin and (@Ünal_1), not bob@example.com, @ or @@";
    let found: Vec<&str> = mentions(text).map(|span| text.get(span).unwrap()).collect();
    assert_eq!(found, ["@robin", "@Ünal_1"]);
}
