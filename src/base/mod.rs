//! The base of every other module: time, ids, secrets, text, pages, errors, places for
//! costly work, and the actor. No I/O and no framework here.

pub mod actor;
pub mod clock;
pub mod error;
pub mod finding;
pub mod ids;
pub mod markdown;
pub mod page;
pub mod password;
pub mod plain;
pub mod secret;
pub mod terms;
pub mod text;
pub mod turns;

pub use error::{Error, FieldError};
