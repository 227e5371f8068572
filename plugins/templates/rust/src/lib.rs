//! Holds links of members whose score is below the one in the settings.

use gatherly_plugin::content::{BeforePublish, Content, Decision};
use gatherly_plugin::{Context, Evidence, Plugin};
use serde::Deserialize;

/// What the settings say.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    score: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self { score: 10 }
    }
}

impl Plugin for Policy {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl BeforePublish for Policy {
    fn before_publish(&self, context: &Context, _: &Content) -> Decision {
        let newcomer = context.actor.as_ref().is_some_and(|actor| actor.score < self.score);
        // The links that readers can follow, however the Markdown writes them.
        let links = context.event.rendered().map_or_else(Vec::new, |rendered| rendered.links);
        match links.first() {
            Some(link) if newcomer => {
                Decision::hold("Links of new members are looked at before they appear.")
                    .because(Evidence::new("newcomer-links", "a link").measured("url", &link.url))
            }
            _ => Decision::allow(),
        }
    }
}

gatherly_plugin::export!(Policy: content::BeforePublish);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{content::Verdict, testing};

    use super::*;

    #[test]
    fn newcomers_links_are_held() {
        let policy = Policy::configure("").unwrap();
        let judge = |links: &[&str]| {
            let rendered = Some(testing::rendered("see", links));
            let known = testing::Known { rendered, ..Default::default() };
            let context = Context { event: known.into(), ..testing::context() };
            policy.before_publish(&context, &testing::comment("see"))
        };
        assert!(matches!(judge(&["https://example.com/"]).verdict, Verdict::Hold(_)));
        assert_eq!(judge(&[]), Decision::allow());
    }

    #[test]
    fn settings_are_checked() {
        assert!(Policy::configure(r#"{"score": "many"}"#).is_err());
    }
}
