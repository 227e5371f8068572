//! A rule file as a policy: words, links, lengths, ages, scores and repetitions,
//! combined with `all`, `any` and `not`, for people who do not program. No rule
//! asks the host for more than its conditions need. `example.yaml`
//! beside this crate is one to start from.

use gatherly_plugin::content::{BeforePublish, Content, Decision};
use gatherly_plugin::{Context, Plugin};

mod condition;
mod fold;
mod links;
mod measure;
mod model;
mod rules;
mod wanted;
mod words;

use rules::Policy;

impl Plugin for Policy {
    fn configure(settings: &str) -> Result<Self, String> {
        Self::new(settings)
    }
}

impl BeforePublish for Policy {
    fn before_publish(&self, context: &Context, draft: &Content) -> Decision {
        self.decide(context, draft)
    }
}

gatherly_plugin::export!(Policy: content::BeforePublish);
