//! Pages of a list, and the cursors between them. A cursor holds the sort key of
//! the last item and nothing else: what a forged one reaches is what its bearer
//! may read anyway.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::error::{Error, FieldError};

/// Items of a page when the client does not say.
pub const DEFAULT_LIMIT: u32 = 25;
/// Most items of a page.
pub const MAX_LIMIT: u32 = 100;
/// Bytes of texts on a page, at most, of a list with long texts: a client shows it at once,
/// and many pages are written at the same time. A page of ordinary texts has a tenth.
pub const BYTES_MAX: usize = 1 << 20;
/// Longest cursor that is looked at: the longest that is made, a comment's path
/// of 32 ids, with room to spare.
const MAX_CURSOR_BYTES: usize = 2048;

/// Part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of rows of which one more than `limit` was asked for: the
    /// one too many tells that there is a next page.
    pub fn cut<K: Serialize>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| encode_cursor(&key(last)));
        Self { items, next_cursor }
    }

    /// [`Self::cut`], after fewer items where the texts of `limit` items together have more
    /// than [`BYTES_MAX`]. The first item is always on the page.
    pub fn cut_by_size<K: Serialize>(
        items: Vec<T>,
        limit: u32,
        size: impl Fn(&T) -> usize,
        key: impl Fn(&T) -> K,
    ) -> Self {
        let mut bytes: usize = 0;
        let fits = items.iter().take_while(|item| {
            bytes = bytes.saturating_add(size(item));
            bytes <= BYTES_MAX
        });
        let fits = u32::try_from(fits.count().max(1)).unwrap_or(u32::MAX);
        Self::cut(items, limit.min(fits), key)
    }

    /// The same page of something else.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next_cursor: self.next_cursor }
    }
}

/// What part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest<K> {
    /// Sort key of the last item of the page before.
    pub after: Option<K>,
    /// Items wanted, 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

impl<K: DeserializeOwned> PageRequest<K> {
    /// Reads the query parameters `cursor` and `limit`.
    pub fn parse(cursor: Option<&str>, limit: Option<u32>) -> Result<Self, Error> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::invalid("limit", "range", format!("must be from 1 to {MAX_LIMIT}")));
        }
        let after = cursor.map(decode_cursor).transpose()?;
        Ok(Self { after, limit })
    }

    /// How many rows to ask the database for: one more than wanted, see [`Page::cut`].
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }
}

fn encode_cursor<K: Serialize>(key: &K) -> String {
    // A key is a tuple of numbers and ids: serialising it cannot fail.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

fn decode_cursor<K: DeserializeOwned>(cursor: &str) -> Result<K, FieldError> {
    let invalid = || FieldError::new("cursor", "cursor", "is not a cursor of this list");
    if cursor.len() > MAX_CURSOR_BYTES {
        return Err(invalid());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    serde_json::from_slice(&bytes).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_as_many_items_as_fit_and_at_least_one() {
        let cut = |sizes: Vec<usize>, limit| Page::cut_by_size(sizes, limit, |n| *n, |n| *n);
        let ends = |page: &Page<usize>| (page.items.len(), page.next_cursor.is_some());
        assert_eq!(ends(&cut(vec![], 2)), (0, false));
        assert_eq!(ends(&cut(vec![1, 1], 2)), (2, false));
        assert_eq!(ends(&cut(vec![1, 1, 1], 2)), (2, true));
        assert_eq!(ends(&cut(vec![BYTES_MAX, 1], 2)), (1, true));
        assert_eq!(ends(&cut(vec![BYTES_MAX - 1, 1], 2)), (2, false));
        assert_eq!(ends(&cut(vec![BYTES_MAX + 1], 2)), (1, false));
        assert_eq!(ends(&cut(vec![usize::MAX, usize::MAX], 2)), (1, true));
    }
}
