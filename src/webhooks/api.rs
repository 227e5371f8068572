//! `/webhooks`.

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{NewWebhook, Webhook},
    service::Webhooks,
};
use crate::{
    base::page::PageRequest,
    http::{Input, Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// A webhook that is to be set up.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct WebhookRequest {
    /// Where to tell: an https address at the usual port.
    url: String,
    /// What to tell of: any of `content.published`, `content.removed`,
    /// `report.created`, `mod_action.applied`, `appeal.submitted`,
    /// `appeal.decided`, and `plugin.` with the name of an event that a plugin
    /// emits.
    events: Vec<String>,
    /// Slug of the community whose events it is told of; absent is the whole site.
    community: Option<String>,
}

impl Example for WebhookRequest {
    fn example() -> Self {
        Self {
            url: "https://bot.example.org/forum".into(),
            events: vec!["content.published".into(), "plugin.flood".into()],
            community: Some("general".into()),
        }
    }
}

/// A webhook.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct WebhookView {
    /// Opaque.
    id: Uuid,
    /// Where to tell.
    url: String,
    /// What to tell of.
    events: Vec<String>,
    /// Slug of the community; absent is the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// Who set it up. While they may no longer, it is told nothing.
    created_by: String,
    /// When.
    created_at: Time,
    /// `active`, `failing` or `disabled`.
    state: String,
    /// Since when nothing has arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Time>,
    /// What the last attempt came to, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// When it was disabled because nothing arrived for days.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Time>,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        let state = match (webhook.disabled_at, webhook.failing_since) {
            (Some(_), _) => "disabled",
            (None, Some(_)) => "failing",
            (None, None) => "active",
        };
        Self {
            id: webhook.id.0,
            url: webhook.url,
            events: webhook.events,
            community: webhook.community,
            created_by: webhook.created_by,
            created_at: webhook.created_at.into(),
            state: state.to_owned(),
            failing_since: webhook.failing_since.map(Time::from),
            last_error: webhook.last_error,
            disabled_at: webhook.disabled_at.map(Time::from),
        }
    }
}

/// Webhooks, newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct WebhookList {
    /// This page.
    items: Vec<WebhookView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A new webhook.
#[derive(Debug, Object, Serialize)]
struct WebhookSecret {
    /// Opaque.
    id: Uuid,
    /// What deliveries are signed with; it is not shown again.
    secret: String,
}

/// A new secret.
#[derive(Debug, Object, Serialize)]
struct RotatedSecret {
    /// What deliveries are signed with; it is not shown again.
    secret: String,
    /// Until when they are signed with the old one as well.
    old_until: Time,
}

#[derive(ApiResponse)]
enum Created {
    /// The webhook is told from now on.
    #[oai(status = 201)]
    Created(Rendered<WebhookSecret>, #[oai(header = "Location")] String),
}

#[derive(ApiResponse)]
enum Rotated {
    /// The new secret signs from now on.
    #[oai(status = 201)]
    Created(Rendered<RotatedSecret>),
}

#[derive(ApiResponse)]
enum Deleted {
    /// The webhook is told nothing more.
    #[oai(status = 204)]
    Done,
}

/// Operations on webhooks.
pub struct WebhooksApi {
    /// The feature.
    pub webhooks: Webhooks,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Notifications")]
impl WebhooksApi {
    /// List webhooks
    ///
    /// For everybody who is signed in: admins see all, moderators those of their
    /// communities, others none.
    #[oai(path = "/webhooks", method = "get", operation_id = "list_webhooks")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// Slug: only those of this community.
        community: Query<Option<String>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<WebhookList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let page = self.webhooks.list(&actor, community.0.as_deref(), &page).await?;
        let page = page.map(WebhookView::from);
        Ok(Rendered::new(&WebhookList { items: page.items, next_cursor: page.next_cursor }))
    }

    /// Set up a webhook
    ///
    /// For admins; for a community, for its moderators. Deliveries are signed as
    /// the Standard Webhooks specification says, with headers `webhook-id`,
    /// `webhook-timestamp` and `webhook-signature`, and are tried seven times
    /// within a day. A webhook at which nothing arrives for five days is
    /// disabled.
    #[oai(path = "/webhooks", method = "post", operation_id = "create_webhook")]
    async fn create(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<WebhookRequest>,
    ) -> Result<Created, Problem> {
        let WebhookRequest { url, events, community } = body.0;
        let new = NewWebhook::parse(&url, &events, |url| self.webhooks.is_reachable(url))?;
        let made = self.webhooks.create(&actor, community.as_deref(), &new).await?;
        let secret = WebhookSecret { id: made.id.0, secret: made.secret.shown() };
        let location = format!("/api/v1/webhooks/{}", made.id);
        Ok(Created::Created(Rendered::new(&secret), location))
    }

    /// Delete a webhook
    ///
    /// For admins, and for the moderators of its community.
    #[oai(path = "/webhooks/:id", method = "delete", operation_id = "delete_webhook")]
    async fn delete(
        &self,
        SignedIn(actor): SignedIn,
        /// The webhook's id.
        id: Path<Uuid>,
    ) -> Result<Deleted, Problem> {
        self.webhooks.delete(&actor, id.0.into()).await?;
        Ok(Deleted::Done)
    }

    /// Give a webhook a new secret
    ///
    /// For admins, and for the moderators of its community. The old secret signs
    /// beside the new one for a day.
    #[oai(path = "/webhooks/:id/secret", method = "post", operation_id = "rotate_webhook_secret")]
    async fn rotate(
        &self,
        SignedIn(actor): SignedIn,
        /// The webhook's id.
        id: Path<Uuid>,
    ) -> Result<Rotated, Problem> {
        let (secret, until) = self.webhooks.rotate(&actor, id.0.into()).await?;
        let rotated = RotatedSecret { secret: secret.shown(), old_until: until.into() };
        Ok(Rotated::Created(Rendered::new(&rotated)))
    }
}
