//! Trivial so far.

use gatherly_plugin::{Context, Evidence, Plugin, content};

struct Automod;

impl Plugin for Automod {
    fn configure(_settings: &str) -> Result<Self, String> {
        Ok(Self)
    }
}

impl content::BeforePublish for Automod {
    fn before_publish(&self, _context: &Context, content: &content::Content) -> content::Decision {
        match content.body.find("badword") {
            Some(at) => content::Decision::hold("That word needs a moderator.")
                .because(Evidence::new("badword", "a word that is held").at("body", at..at + 7)),
            None => content::Decision::allow(),
        }
    }
}

gatherly_plugin::export!(Automod: content::BeforePublish);
