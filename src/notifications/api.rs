//! `/notifications` and `/me/notification-preferences`.

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use poem::web::sse::Event;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Header, Query},
    payload::EventStream,
    types::{Example, ToJSON},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::{Kind, Notification, Preferences, ReadMark},
    service::Notifications,
};
use crate::{
    base::{
        Error,
        page::{MAX_LIMIT, Page, PageRequest},
    },
    http::{Input, Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// How often a stream without news shows that it is alive: proxies give up after
/// a minute or half of one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A named value that the text of a notification is made of.
#[derive(Clone, Debug, Object, Serialize)]
struct ValueView {
    /// `title`, `excerpt`, `reason`, `text`, `plugin`, `trouble`, …
    name: String,
    /// Plain text, but for `excerpt`, which is the beginning of Markdown.
    value: String,
}

/// Something that one is told.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct NotificationView {
    /// Opaque.
    id: Uuid,
    /// `reply`, `mention`, `held`, `removed`, `approved`, `banned`, `warned`,
    /// `notice`, or `plugin_trouble` for those who look after a binding. A `notice` with the
    /// value `not_notified` has names, separated by commas, that the reader's text mentions and
    /// that were not notified: a text notifies at most ten people by name over all its edits,
    /// and an author a limited number in an hour.
    kind: String,
    /// When it was sent.
    created_at: Time,
    /// Whether it was marked as read.
    read: bool,
    /// Whether what it is about may not be seen any more: nothing more is told.
    hidden: bool,
    /// Name of who caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// The post that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<Uuid>,
    /// The comment that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment_id: Option<Uuid>,
    /// The binding that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<Uuid>,
    /// Slug of the community.
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<String>,
    /// What its text is made of.
    values: Vec<ValueView>,
}

impl From<Notification> for NotificationView {
    fn from(notification: Notification) -> Self {
        let Notification { id, kind, sent_at, is_read, shown, .. } = notification;
        let hidden = shown.is_none();
        let (mut actor, mut community) = (None, None);
        let (mut post_id, mut comment_id, mut binding_id) = (None, None, None);
        let mut values = Vec::new();
        if let Some(shown) = shown {
            (actor, community) = (shown.actor, shown.community);
            (post_id, comment_id, binding_id) = (shown.post, shown.comment, shown.binding);
            let named = shown.values.into_iter();
            values =
                named.map(|value| ValueView { name: value.name, value: value.value }).collect();
        }
        Self {
            id: id.0,
            kind: kind.as_str().to_owned(),
            created_at: sent_at.into(),
            read: is_read,
            hidden,
            actor,
            post_id,
            comment_id,
            binding_id,
            community,
            values,
        }
    }
}

/// Notifications, the newest first.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct NotificationList {
    /// This page.
    items: Vec<NotificationView>,
    /// For the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// How many are not read; counted to 1,000.
    unread: i64,
}

/// What was read: some, or all up to one.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ReadBody {
    /// These, at most 100.
    ids: Option<Vec<Uuid>>,
    /// This one and all that are older.
    up_to: Option<Uuid>,
}

impl Example for ReadBody {
    fn example() -> Self {
        Self { ids: Some(vec![Uuid::nil()]), up_to: None }
    }
}

impl ReadBody {
    fn mark(self) -> Result<ReadMark, Error> {
        let most = usize::try_from(MAX_LIMIT).unwrap_or(usize::MAX);
        match (self.ids, self.up_to) {
            (Some(ids), None) if ids.len() <= most => Ok(ReadMark::Ids(ids)),
            (Some(_), None) => {
                Err(Error::invalid("ids", "length", format!("must have at most {MAX_LIMIT}")))
            }
            (None, Some(id)) => Ok(ReadMark::UpTo(id)),
            _ => Err(Error::invalid("ids", "one_of", "must be there, or `up_to`, and not both")),
        }
    }
}

/// What one wants to be told.
#[derive(Debug, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct PreferencesBody {
    /// Kinds of which one is not told.
    muted: Vec<String>,
    /// Minutes east of UTC, for policies that care about the time of day.
    utc_offset: i64,
}

impl Example for PreferencesBody {
    fn example() -> Self {
        Self { muted: vec![Kind::Mention.as_str().to_owned()], utc_offset: 60 }
    }
}

impl From<Preferences> for PreferencesBody {
    fn from(preferences: Preferences) -> Self {
        let muted = preferences.muted.iter().map(|kind| kind.as_str().to_owned()).collect();
        Self { muted, utc_offset: preferences.utc_offset }
    }
}

/// Answer to a mark.
#[derive(ApiResponse)]
enum Marked {
    /// They are marked.
    #[oai(status = 204)]
    Done,
}

/// Operations on notifications.
pub struct NotificationsApi {
    /// The feature.
    pub notifications: Notifications,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Notifications")]
impl NotificationsApi {
    /// List own notifications
    ///
    /// For everybody who is signed in. The newest first.
    #[oai(path = "/notifications", method = "get", operation_id = "list_notifications")]
    async fn list(
        &self,
        SignedIn(actor): SignedIn,
        /// Only what is not read.
        unread: Query<Option<bool>>,
        /// From the page before.
        cursor: Query<Option<String>>,
        /// Items of a page, 1 to 100.
        limit: Query<Option<u32>>,
    ) -> Result<Rendered<NotificationList>, Problem> {
        let page = PageRequest::parse(cursor.0.as_deref(), limit.0)?;
        let inbox = self.notifications.list(&actor, unread.0.unwrap_or(false), &page).await?;
        let unread = inbox.unread;
        let page = Page::cut(inbox.items, page.limit, |item| item.position);
        let page = page.map(NotificationView::from);
        let list = NotificationList { items: page.items, next_cursor: page.next_cursor, unread };
        Ok(Rendered::new(&list))
    }

    /// Mark notifications as read
    ///
    /// For everybody who is signed in. Ids of what is not one's own are passed over.
    #[oai(path = "/notifications/read", method = "post", operation_id = "read_notifications")]
    async fn read(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<ReadBody>,
    ) -> Result<Marked, Problem> {
        self.notifications.read(&actor, body.0.mark()?).await?;
        Ok(Marked::Done)
    }

    /// Get notifications as they come
    ///
    /// For everybody who is signed in: server-sent events named `notification`
    /// from now on, or all after the one that `Last-Event-ID` names, in the order in
    /// which they came into one's list: none is left out. The stream ends with the
    /// session. At most four for each account.
    #[oai(path = "/notifications/stream", method = "get", operation_id = "stream_notifications")]
    async fn stream(
        &self,
        SignedIn(actor): SignedIn,
        /// Id of the last notification that came.
        #[oai(name = "Last-Event-ID")]
        last: Header<Option<String>>,
    ) -> Result<EventStream<BoxStream<'static, NotificationView>>, Problem> {
        // What is no id of ours is as good as none: it is what the browser keeps.
        let after = last.0.and_then(|id| id.parse().ok());
        let stream = self.notifications.listen(actor, after).await?;
        let events = EventStream::new(stream.map(NotificationView::from).boxed());
        Ok(events.keep_alive(HEARTBEAT).to_event(|view| {
            Event::message(view.to_json_string()).id(view.id.to_string()).event_type("notification")
        }))
    }

    /// Show what one wants to be told
    ///
    /// For everybody who is signed in.
    #[oai(
        path = "/me/notification-preferences",
        method = "get",
        operation_id = "get_notification_preferences"
    )]
    async fn preferences(
        &self,
        SignedIn(actor): SignedIn,
    ) -> Result<Rendered<PreferencesBody>, Problem> {
        let preferences = self.notifications.preferences(&actor).await?;
        Ok(Rendered::new(&preferences.into()))
    }

    /// Set what one wants to be told
    ///
    /// For everybody who is signed in. It holds for what happens from now on.
    #[oai(
        path = "/me/notification-preferences",
        method = "put",
        operation_id = "set_notification_preferences"
    )]
    async fn set_preferences(
        &self,
        SignedIn(actor): SignedIn,
        body: Input<PreferencesBody>,
    ) -> Result<Rendered<PreferencesBody>, Problem> {
        let preferences = Preferences::parse(&body.0.muted, body.0.utc_offset)?;
        self.notifications.set_preferences(&actor, &preferences).await?;
        Ok(Rendered::new(&preferences.into()))
    }
}
