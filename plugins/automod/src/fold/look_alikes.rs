//! Which characters look like which letters. Only shapes that are really
//! mistaken for each other in a screen font; compatibility forms (full width,
//! mathematical, superscript) are taken apart by Unicode's own tables before.

/// The ASCII letters that a character looks like, in upper or lower case.
pub(super) fn look_alike(character: char) -> Option<&'static str> {
    Some(match character {
        'а' | 'α' | 'Α' | 'ɑ' | 'ᴀ' | 'Ꭺ' => "a",
        'æ' => "ae",
        'в' | 'ь' | 'β' | 'Β' | 'ʙ' | 'Ᏼ' => "b",
        'с' | 'ϲ' | 'ᴄ' | 'ꮯ' | 'Ꮯ' => "c",
        'ԁ' | 'đ' | 'ð' | 'ᴅ' | 'Ꭰ' => "d",
        'е' | 'є' | 'ε' | 'Ε' | 'ᴇ' | 'ɛ' | 'ə' | 'Ꭼ' => "e",
        'ꜰ' | 'ƒ' => "f",
        'ɡ' | 'ɢ' | 'ց' | 'Ꮐ' => "g",
        'н' | 'һ' | 'Η' | 'ħ' | 'ʜ' | 'հ' | 'Ꮋ' => "h",
        'і' | 'ι' | 'Ι' | 'ı' | 'ɩ' | 'ɪ' | 'Ӏ' | 'ӏ' => "i",
        'ј' | 'ᴊ' | 'Ꭻ' => "j",
        'к' | 'κ' | 'Κ' | 'ᴋ' | 'Ꮶ' => "k",
        'ł' | 'ʟ' | 'Ꮮ' => "l",
        'м' | 'Μ' | 'ᴍ' | 'Ꮇ' => "m",
        'ո' | 'η' | 'Ν' | 'ɴ' => "n",
        'о' | 'ο' | 'Ο' | 'ø' | 'օ' | 'ᴏ' => "o",
        'œ' => "oe",
        'р' | 'ρ' | 'Ρ' | 'ᴘ' | 'Ꮲ' => "p",
        'ԛ' => "q",
        'ʀ' | 'Ꭱ' => "r",
        'ѕ' | 'ꜱ' | 'Ꮪ' => "s",
        'ß' => "ss",
        'т' | 'τ' | 'Τ' | 'ŧ' | 'ᴛ' | 'Ꭲ' => "t",
        'υ' | 'μ' | 'ս' | 'ᴜ' => "u",
        'ν' | 'ѵ' | 'ᴠ' | 'Ꮩ' => "v",
        'ԝ' | 'ω' | 'ᴡ' | 'Ꮃ' => "w",
        'х' | 'χ' | 'Χ' => "x",
        'у' | 'Υ' | 'γ' | 'ʏ' | 'Ꮍ' => "y",
        'ζ' | 'Ζ' | 'ᴢ' | 'Ꮓ' => "z",
        _ => return None,
    })
}

/// The letter in a box, a circle or a flag, where Unicode does not say so.
pub(super) fn enclosed_letter(character: char) -> Option<char> {
    let first = match character {
        '\u{1F150}'..='\u{1F169}' => 0x1F150,
        '\u{1F170}'..='\u{1F189}' => 0x1F170,
        '\u{1F1E6}'..='\u{1F1FF}' => 0x1F1E6,
        _ => return None,
    };
    let letter = u8::try_from(u32::from(character) - first).ok()?;
    Some(char::from(b'a' + letter))
}

/// Characters that have no shape of their own: zero width, direction, variants
/// and tags, and the marks that are put on Latin, Greek and Cyrillic letters.
/// The vowel signs of other scripts stay: without them words lose their sense.
pub(super) fn is_ignored(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{300}'..='\u{36F}'
            | '\u{483}'..='\u{489}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FE20}'..='\u{FE2F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}
