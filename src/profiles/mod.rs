//! Moderation of profiles: admins remove the bio or the avatar of an account, rename the
//! account, or close the account. Each act has a reason, is in the log of acts, and is
//! told to the person. A removed bio or avatar is kept for [`KEEP_REMOVED`], and can be
//! restored until then, unless the person has set another since.
//!
//! While a ban from the site is in force, the person cannot change the profile; while
//! bans forbid everything on the site, only admins and the person see bio and avatar. The
//! statements of `accounts` and `media` hold both.

mod api;
mod model;
mod rules;
mod service;
mod store;

pub use api::ProfilesApi;
pub use service::{KEEP_REMOVED, Profiles, clear_in};
