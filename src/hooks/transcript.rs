//! What the host answered a plugin during one call.
//!
//! A call is recorded, or played back: then the answers come from a transcript,
//! in order, and a plugin that asks something else than it asked then fails.
//! That makes a replay exact though the forum has changed since.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Most bytes of JSON in one transcript: as much as a record may have beside its
/// input. What is longer is not kept, and marked so.
const TRANSCRIPT_BYTES: usize = 64 << 10;

/// What a plugin asked the host, and what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRead {
    /// Interface and function, as `state.get`.
    pub call: String,
    /// What it was asked with.
    pub arguments: Value,
    /// What it answered.
    pub answer: Value,
}

/// The reads of one call, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// What was asked and answered.
    pub reads: Vec<HostRead>,
    /// There was more than is kept; the call cannot be reproduced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl Transcript {
    /// Whether the plugin asked nothing.
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty() && !self.truncated
    }
}

/// In playback, the plugin asked something else than what was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not what the transcript has next")]
pub struct TranscriptMismatch(pub String);

/// The transcript of a call that is under way.
#[derive(Debug)]
pub(super) enum Tape {
    /// Answers are given by the host, and kept.
    Record { transcript: Transcript, bytes: usize },
    /// Answers are the ones that were given then.
    Play { reads: std::vec::IntoIter<HostRead> },
}

impl Tape {
    pub(super) fn record() -> Self {
        Self::Record { transcript: Transcript::default(), bytes: 0 }
    }

    pub(super) fn play(transcript: Transcript) -> Self {
        Self::Play { reads: transcript.reads.into_iter() }
    }

    /// The recorded answer to a call; `None` when the host is to give it.
    pub(super) fn played<T: DeserializeOwned>(
        &mut self,
        call: &str,
        arguments: &Value,
    ) -> Result<Option<T>, TranscriptMismatch> {
        let Self::Play { reads } = self else { return Ok(None) };
        let mismatch = || TranscriptMismatch(call.to_owned());
        let read = reads.next().ok_or_else(mismatch)?;
        if read.call != call || read.arguments != *arguments {
            return Err(mismatch());
        }
        serde_json::from_value(read.answer).map(Some).map_err(|_| mismatch())
    }

    /// Keeps what the host answered.
    pub(super) fn keep(&mut self, call: &str, arguments: Value, answer: &impl Serialize) {
        let Self::Record { transcript, bytes } = self else { return };
        if transcript.truncated {
            return;
        }
        // Strings, numbers and lists: serialising them cannot fail.
        let answer = serde_json::to_value(answer).unwrap_or_default();
        let read = HostRead { call: call.to_owned(), arguments, answer };
        *bytes += serde_json::to_string(&read).map_or(TRANSCRIPT_BYTES, |json| json.len());
        if *bytes > TRANSCRIPT_BYTES {
            *transcript = Transcript { reads: Vec::new(), truncated: true };
        } else {
            transcript.reads.push(read);
        }
    }

    /// What was recorded; nothing after a playback.
    pub(super) fn into_transcript(self) -> Transcript {
        match self {
            Self::Record { transcript, .. } => transcript,
            Self::Play { .. } => Transcript::default(),
        }
    }
}
