//! `/accounts/{username}/…`: what admins do to profiles and accounts.

use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    types::Example,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::ProfilePart,
    service::{Kept, Profiles},
};
use crate::{
    http::{Input, Problem, Rendered, Tag, Time},
    sessions::SignedIn,
};

/// The reason of an act on an account.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct ProfileReason {
    /// 1 to 1,000 characters; the person is told.
    reason: String,
}

impl Example for ProfileReason {
    fn example() -> Self {
        Self { reason: "Advertising.".into() }
    }
}

/// Another name for an account.
#[derive(Debug, Object, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
struct RenameAccount {
    /// The new name: 3 to 30 letters, digits, `_`, `-`, `.`.
    username: String,
    /// 1 to 1,000 characters; the person is told.
    reason: String,
}

impl Example for RenameAccount {
    fn example() -> Self {
        Self { username: "ada-2".into(), reason: "The name is another person's.".into() }
    }
}

/// What was removed of a profile and can be restored.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct RemovedProfileView {
    /// The removed bio.
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<String>,
    /// When the bio was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    bio_removed_at: Option<Time>,
    /// The removed avatar; see `GET /media/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<Uuid>,
    /// When the avatar was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_removed_at: Option<Time>,
}

impl From<Kept> for RemovedProfileView {
    fn from(kept: Kept) -> Self {
        Self {
            bio_removed_at: kept.bio.as_ref().map(|part| part.removed_at.into()),
            bio: kept.bio.and_then(|part| part.bio),
            avatar_removed_at: kept.avatar.as_ref().map(|part| part.removed_at.into()),
            avatar: kept.avatar.and_then(|part| part.avatar).map(|avatar| avatar.0),
        }
    }
}

#[derive(ApiResponse)]
enum ProfileChanged {
    /// The profile or the account is changed.
    #[oai(status = 204)]
    Done,
}

/// Operations of admins on profiles and accounts.
#[derive(Clone)]
pub struct ProfilesApi {
    /// The feature.
    pub profiles: Profiles,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Moderation")]
impl ProfilesApi {
    /// Show what was removed of a profile
    ///
    /// For admins. A removed bio or avatar is kept for 30 days.
    #[oai(
        path = "/accounts/:username/removed-profile",
        method = "get",
        operation_id = "show_removed_profile"
    )]
    async fn show(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
    ) -> Result<Rendered<RemovedProfileView>, Problem> {
        let kept = self.profiles.kept(&actor, &username.0).await?;
        Ok(Rendered::new(&kept.into()))
    }

    /// Remove a bio
    ///
    /// For admins, of accounts that are no admin's. The person is told, with the reason.
    /// The removed bio is kept for 30 days, and can be restored until then.
    #[oai(path = "/accounts/:username/bio/removal", method = "post", operation_id = "remove_bio")]
    async fn remove_bio(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
        body: Input<ProfileReason>,
    ) -> Result<ProfileChanged, Problem> {
        let reason = &body.0.reason;
        self.profiles.remove(&actor, &username.0, ProfilePart::Bio, reason).await?;
        Ok(ProfileChanged::Done)
    }

    /// Restore a bio
    ///
    /// For admins. 409 `profile_changed` when the person has set another bio since.
    #[oai(
        path = "/accounts/:username/bio/removal",
        method = "delete",
        operation_id = "restore_bio"
    )]
    async fn restore_bio(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<ProfileChanged, Problem> {
        let reason = reason.0.as_deref();
        self.profiles.restore(&actor, &username.0, ProfilePart::Bio, reason).await?;
        Ok(ProfileChanged::Done)
    }

    /// Remove an avatar
    ///
    /// For admins, of accounts that are no admin's. The person is told, with the reason,
    /// and cannot use the picture again. The picture is kept for 30 days, for its owner
    /// and for admins, and can be restored until then.
    #[oai(
        path = "/accounts/:username/avatar/removal",
        method = "post",
        operation_id = "remove_account_avatar"
    )]
    async fn remove_avatar(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
        body: Input<ProfileReason>,
    ) -> Result<ProfileChanged, Problem> {
        let reason = &body.0.reason;
        self.profiles.remove(&actor, &username.0, ProfilePart::Avatar, reason).await?;
        Ok(ProfileChanged::Done)
    }

    /// Restore an avatar
    ///
    /// For admins. 409 `profile_changed` when the person has set another avatar since.
    #[oai(
        path = "/accounts/:username/avatar/removal",
        method = "delete",
        operation_id = "restore_account_avatar"
    )]
    async fn restore_avatar(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
        /// Why, for the log; at most 1,000 characters.
        reason: Query<Option<String>>,
    ) -> Result<ProfileChanged, Problem> {
        let reason = reason.0.as_deref();
        self.profiles.restore(&actor, &username.0, ProfilePart::Avatar, reason).await?;
        Ok(ProfileChanged::Done)
    }

    /// Rename an account
    ///
    /// For admins, of accounts that are no admin's. The person is told, with the reason,
    /// and signs in with the new name. The log has both names.
    #[oai(path = "/accounts/:username/name", method = "put", operation_id = "rename_account")]
    async fn rename(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
        body: Input<RenameAccount>,
    ) -> Result<ProfileChanged, Problem> {
        let RenameAccount { username: wanted, reason } = body.0;
        self.profiles.rename(&actor, &username.0, &wanted, &reason).await?;
        Ok(ProfileChanged::Done)
    }

    /// Close an account
    ///
    /// For admins, of accounts that are no admin's. As if its owner had closed it: name,
    /// address and password are erased, and what was written stays. This cannot be undone.
    #[oai(path = "/accounts/:username/closure", method = "post", operation_id = "close_account")]
    async fn close(
        &self,
        SignedIn(actor): SignedIn,
        /// The account's name.
        username: Path<String>,
        body: Input<ProfileReason>,
    ) -> Result<ProfileChanged, Problem> {
        self.profiles.close(&actor, &username.0, &body.0.reason).await?;
        Ok(ProfileChanged::Done)
    }
}
