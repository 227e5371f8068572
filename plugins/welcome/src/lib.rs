//! Answers everybody's first post, as a bot, with a text of the community.

use gatherly_plugin::content::{AfterPublish, Content, Kind, Operation};
use gatherly_plugin::{Context, Evidence, Outcome, Plugin, effects};
use serde::Deserialize;

/// What is said.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Welcome {
    /// Markdown; `{name}` becomes the author's name.
    text: String,
}

impl Default for Welcome {
    fn default() -> Self {
        Self { text: "Welcome, {name}! Good to have you here.".to_owned() }
    }
}

impl Plugin for Welcome {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl AfterPublish for Welcome {
    fn after_publish(&self, context: &Context, new: &Content) -> Outcome {
        let Some(author) = &context.actor else {
            return Outcome::nothing();
        };
        // The post itself is counted already.
        let is_first = author.post_count <= 1 && author.comment_count == 0;
        if new.kind != Kind::Post || new.operation != Operation::Create || !is_first {
            return Outcome::nothing();
        }
        let text = self.text.replace("{name}", &author.username);
        Outcome::from(effects::reply(new.target(), text))
            .because(Evidence::new("welcome", "the author's first post"))
    }
}

gatherly_plugin::export!(Welcome: content::AfterPublish);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{Actor, Target, testing};

    use super::*;

    fn published(text: &Content, post_count: u32) -> Outcome {
        let actor = Actor { post_count, ..testing::actor() };
        let context = Context { actor: Some(actor), ..testing::context() };
        Welcome::default().after_publish(&context, text)
    }

    #[test]
    fn only_the_first_post_is_answered() {
        let post = testing::post("Hello", "I am new");
        let hello = "Welcome, robin! Good to have you here.";
        let reply = effects::reply(Target::Post(post.id.clone()), hello);
        assert_eq!(published(&post, 1).effects, [reply]);
        assert_eq!(published(&post, 2), Outcome::nothing());
        assert_eq!(published(&testing::comment("Hello"), 0), Outcome::nothing());
        let edit = Content { operation: Operation::Edit, ..post };
        assert_eq!(published(&edit, 1), Outcome::nothing());
    }
}
