//! Opaque, time-ordered ids (`UUIDv7`), one type for each kind of thing, so that a
//! post's id cannot be taken for a comment's.

use uuid::{NoContext, Uuid};

use super::clock::Timestamp;

/// A new time-ordered id. Ids made within one millisecond are in random order.
pub fn new_uuid(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.0).unwrap_or(0);
    let seconds = millis / 1_000;
    let nanos = u32::try_from(millis % 1_000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos))
}

/// Bits of an id below its millisecond.
const BELOW_MILLISECOND: u32 = 80;

/// The first and the last of all ids that carry the millisecond of `id`.
pub fn same_millisecond(id: Uuid) -> (Uuid, Uuid) {
    let below = (1_u128 << BELOW_MILLISECOND) - 1;
    let id = id.as_u128();
    (Uuid::from_u128(id & !below), Uuid::from_u128(id | below))
}

/// The millisecond that an id carries.
pub fn time_of(id: Uuid) -> Timestamp {
    Timestamp(i64::try_from(id.as_u128() >> BELOW_MILLISECOND).unwrap_or(i64::MAX))
}

/// The id that comes before all those of `time` and later.
pub fn first_uuid(time: Timestamp) -> Uuid {
    Uuid::from_u128(u128::try_from(time.0).unwrap_or(0) << BELOW_MILLISECOND)
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, in the order of time.
            pub fn new(now: Timestamp) -> Self {
                Self(new_uuid(now))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// A person's record.
    AccountId
    /// Something that moderation did.
    ActionId
    /// Somebody's objection to what struck them.
    AppealId
    /// A sanction.
    BanId
    /// A plugin version at work in a scope.
    BindingId
    /// An answer in a thread.
    CommentId
    /// A place with posts, members and moderators.
    CommunityId
    /// One plugin's answer to one event.
    DecisionId
    /// A picture.
    MediaId
    /// Something that somebody is told.
    NotificationId
    /// A title and a text that people comment on.
    PostId
    /// What somebody told moderators of.
    ReportId
    /// Something that waits for a moderator.
    ReviewItemId
    /// One login on one device.
    SessionId
    /// An address outside that is told of events.
    WebhookId
    /// A strike.
    WarningId
}
