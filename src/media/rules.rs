//! What is wrong with a file, what plugins' word comes to, and which file is
//! shown. Pure.

use super::model::{Choice, MediaState, Record};
use crate::{
    base::Error,
    config,
    hooks::Merged,
    pictures::{Size, Unusable},
};

/// The refusal of a file.
pub(super) fn unusable(why: Unusable, settings: &config::Media) -> Error {
    let invalid = |rule, message: String| Error::invalid("picture", rule, message);
    match why {
        Unusable::Type => invalid("type", "must be a PNG, JPEG, WebP or GIF".to_owned()),
        Unusable::Broken => invalid("broken", "is not one whole picture".to_owned()),
        Unusable::Pieces => invalid("pieces", "has too many frames or pieces".to_owned()),
        Unusable::Dimensions => {
            let (side, millions) = (settings.max_side, settings.max_megapixels);
            let message =
                format!("may have {side} pixels a side and {millions} million altogether");
            invalid("dimensions", message)
        }
    }
}

/// What a picture is after plugins were asked; an error when it is refused.
pub(super) fn settle(verdict: &Merged) -> Result<MediaState, Error> {
    match verdict {
        Merged::Allow | Merged::Annotate => Ok(MediaState::Ready),
        Merged::Hold { .. } => Ok(MediaState::Held),
        Merged::Reject { reason } => {
            Err(Error::RejectedByPolicy { message: reason.clone(), decision: None })
        }
        Merged::Unavailable => {
            Err(Error::forbidden("policy_unavailable", "A policy could not be asked; try again."))
        }
    }
}

/// What somebody is told who has enough pictures that nothing uses.
pub(super) fn too_many_unused(most: u32) -> Error {
    let message = format!("{most} of your pictures wait to be used; use them first.");
    Error::conflict("too_many_unused", message)
}

/// Which file is shown to somebody who wants a size: the whole picture where
/// that is small enough, or until the copy is made.
pub(super) fn choose(media: &Record, wanted: Option<Size>) -> Choice {
    let needed = wanted.filter(|size| size.is_needed((media.width, media.height)));
    Choice { size: needed.filter(|_| media.is_sized), is_final: needed.is_none() || media.is_sized }
}

/// Whether what is shown may be kept by who asked, for a while: what can be used
/// no longer must not be.
pub(super) fn may_be_kept(media: &Record, choice: Choice) -> bool {
    media.state == MediaState::Ready && media.is_used && choice.is_final
}

/// The name that a picture is saved under: ours, whatever it was called.
pub(super) fn disposition(media: &Record) -> String {
    format!("inline; filename=\"{}.{}\"", media.id, media.media_type.extension())
}
