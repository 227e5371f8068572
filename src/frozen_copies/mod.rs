//! The frozen copies of review items: the text, the pictures and the profile as they were when
//! they were reported or held. A copy is frozen in the transaction that opens the item or
//! files the report, is never changed, and stays for a time after the item is settled,
//! whatever its author does. Only those who may settle the item read it.

mod model;
mod service;
mod store;

pub use model::{FrozenCopy, FrozenPicture, Subject};
pub use service::{forget_old, freeze, freeze_judged, freeze_open, hand_on, keeps_picture, list};
pub(crate) use store::{frozen, newest};
