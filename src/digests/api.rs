//! `/me/digest`, and the one click that ends it.

use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, types::Example};
use serde::{Deserialize, Serialize};

use super::service::Digests;
use crate::{
    http::{ClientAddress, Input, Problem, Rendered, Tag},
    sessions::SignedIn,
};

/// Whether one wants digests.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct DigestBody {
    /// A mail of what one has not read, at most once in a window.
    wanted: bool,
}

impl Example for DigestBody {
    fn example() -> Self {
        Self { wanted: true }
    }
}

/// Whether one gets digests, and how often.
#[derive(Debug, Object, Serialize)]
struct DigestView {
    /// Whether one wants them; they come to a confirmed address only.
    wanted: bool,
    /// Hours between two.
    every_hours: u64,
}

#[derive(ApiResponse)]
enum Ended {
    /// There are none any more.
    #[oai(status = 204)]
    Done,
}

/// Operations on digests.
pub struct DigestsApi {
    /// The feature.
    pub digests: Digests,
}

impl DigestsApi {
    fn view(&self, wanted: bool) -> Rendered<DigestView> {
        let every_hours = self.digests.window().as_secs() / 3_600;
        Rendered::new(&DigestView { wanted, every_hours })
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Notifications")]
impl DigestsApi {
    /// Show whether one gets digests by mail
    ///
    /// For everybody who is signed in.
    #[oai(path = "/me/digest", method = "get", operation_id = "get_digest")]
    async fn get(&self, SignedIn(actor): SignedIn) -> Result<Rendered<DigestView>, Problem> {
        let wanted = self.digests.is_wanted(&actor).await?;
        Ok(self.view(wanted))
    }

    /// Begin or end digests by mail
    ///
    /// For everybody who is signed in.
    #[oai(path = "/me/digest", method = "put", operation_id = "set_digest")]
    async fn set(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<DigestBody>,
    ) -> Result<Rendered<DigestView>, Problem> {
        self.digests.set_wanted(&actor, body.0.wanted).await?;
        Ok(self.view(body.0.wanted))
    }

    /// End digests with one click
    ///
    /// For whoever has such a mail (RFC 8058): the address stands in its
    /// `List-Unsubscribe`.
    #[oai(
        path = "/digest-unsubscriptions/:token",
        method = "post",
        operation_id = "unsubscribe_from_digests"
    )]
    async fn end(
        &self,
        client: ClientAddress,
        /// The code from the mail.
        token: Path<String>,
    ) -> Result<Ended, Problem> {
        self.digests.end(&token.0, client).await?;
        Ok(Ended::Done)
    }
}
