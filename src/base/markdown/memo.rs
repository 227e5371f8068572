//! Rendering away from the async threads, and its results for a while: the text that a
//! use case checks before its transaction is the one that the transaction stores.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use moka::sync::Cache;

use super::{Reading, TooLarge, markup};
use crate::base::secret::sha256;

/// Bytes of all readings that are kept: the longest post has about 0.5 MB.
const BYTES_MAX: u64 = 16 << 20;
/// How long a reading is kept: longer than plugins are asked and a batch of an undo takes.
const KEEP: Duration = Duration::from_mins(2);
/// Bytes that a reading has beside its texts.
const OVERHEAD: usize = 256;

type Known = Result<Arc<Reading>, TooLarge>;

static READINGS: LazyLock<Cache<[u8; 32], Known>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(BYTES_MAX)
        .time_to_live(KEEP)
        .weigher(|_, known| size(known))
        .build()
});

fn size(known: &Known) -> u32 {
    let texts = known.as_ref().map_or(0, |reading| {
        let targets: usize = reading.targets.iter().map(|target| target.url.len() + 32).sum();
        let mentions: usize = reading.mentions.iter().map(|name| name.len() + 24).sum();
        reading.html.len() + reading.text.len() + targets + mentions
    });
    u32::try_from(texts + OVERHEAD).unwrap_or(u32::MAX)
}

/// Renders a text on a thread for blocking work, unless its reading is known.
pub async fn render(source: &str) -> Known {
    let key = sha256(source.as_bytes());
    if let Some(known) = READINGS.get(&key) {
        return known;
    }
    let source = source.to_owned();
    let work = move || super::read(&source).map(Arc::new);
    // A text whose rendering panics is not shown as HTML either.
    let known = tokio::task::spawn_blocking(work).await.unwrap_or(Err(TooLarge));
    READINGS.insert(key, known.clone());
    known
}

/// The HTML of a text. A text that is too large to render is shown as it was written,
/// without markup: authors are refused such texts, but plugins can make them, and earlier
/// versions stored them.
pub async fn html(source: &str) -> String {
    match render(source).await {
        Ok(reading) => reading.html.clone(),
        Err(TooLarge) => markup::plain(source),
    }
}
