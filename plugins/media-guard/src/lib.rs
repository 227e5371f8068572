//! Which pictures may be used: by type and size, and none of a list of known
//! ones. What newcomers upload is looked at first.

use gatherly_plugin::media::{BeforeAttach, Decision, Media};
use gatherly_plugin::{Context, Evidence, Plugin};
use serde::Deserialize;

/// What is accepted.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guard {
    /// Media types.
    types: Vec<String>,
    /// Largest width and height, in pixels.
    side: u32,
    /// SHA-256 of pictures that are refused, hexadecimal.
    refused: Vec<String>,
    /// Pictures of people who have published less wait for a moderator.
    newcomer_posts: u32,
}

impl Default for Guard {
    fn default() -> Self {
        let types = ["image/png", "image/jpeg", "image/webp"];
        Self {
            types: types.map(str::to_owned).into(),
            side: 8192,
            refused: Vec::new(),
            newcomer_posts: 3,
        }
    }
}

impl Plugin for Guard {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = if settings.trim().is_empty() { "{}" } else { settings };
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl BeforeAttach for Guard {
    fn before_attach(&self, context: &Context, media: &Media) -> Decision {
        if self.refused.iter().any(|digest| digest.eq_ignore_ascii_case(&media.digest)) {
            return Decision::reject("This picture may not be used here.").because(
                Evidence::new("refused", "a known picture").measured("digest", &media.digest),
            );
        }
        if !self.types.contains(&media.media_type) {
            return Decision::reject(format!(
                "Pictures of type {} are not accepted.",
                media.media_type
            ))
            .because(
                Evidence::new("types", "its type").measured("type", &media.media_type).public(),
            );
        }
        let side = media.width.max(media.height);
        if side > self.side {
            return Decision::reject(format!("At most {} pixels a side, please.", self.side))
                .because(Evidence::new("side", "too large").measured("pixels", &side).public());
        }
        let published = context.actor.as_ref().map_or(0, |it| it.post_count + it.comment_count);
        if published < self.newcomer_posts {
            return Decision::hold("The first pictures of new members are looked at.").because(
                Evidence::new("newcomer", "published before").measured("texts", &published),
            );
        }
        Decision::allow()
    }
}

gatherly_plugin::export!(Guard: media::BeforeAttach);

#[cfg(test)]
mod tests {
    use gatherly_plugin::{Actor, media::Verdict, testing};

    use super::*;

    fn attach(media: &Media, post_count: u32) -> Verdict {
        let actor = Actor { post_count, ..testing::actor() };
        let context = Context { actor: Some(actor), ..testing::context() };
        let guard = Guard { refused: vec!["AB".repeat(32)], ..Guard::default() };
        guard.before_attach(&context, media).verdict
    }

    #[test]
    fn pictures_are_told_apart() {
        let png = testing::media("image/png");
        assert_eq!(attach(&png, 3), Verdict::Allow);
        assert!(matches!(attach(&png, 2), Verdict::Hold(_)));
        assert!(matches!(attach(&testing::media("image/svg+xml"), 3), Verdict::Reject(_)));
        let wide = Media { width: 9000, ..png.clone() };
        assert!(matches!(attach(&wide, 3), Verdict::Reject(_)));
        let known = Media { digest: "ab".repeat(32), ..png };
        assert!(matches!(attach(&known, 3), Verdict::Reject(_)));
    }
}
