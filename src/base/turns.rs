//! Places for costly work: a few at once, handed out in the order of asking. Each
//! holder has a share of the places, so that one who asks often cannot keep the
//! others out.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places that are shared by holders of the kind `K`; cheap to clone.
#[derive(Clone, Debug)]
pub struct Turns<K> {
    inner: Arc<Inner<K>>,
}

#[derive(Debug)]
struct Inner<K> {
    places: Arc<Semaphore>,
    /// Most places of one holder.
    share: usize,
    patience: Duration,
    /// The holders that have a place or wait for one.
    holders: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Turn<K: Eq + Hash> {
    // In this order: the place is free before the holder may take another.
    _place: OwnedSemaphorePermit,
    _of_share: OwnedSemaphorePermit,
    _holder: Holder<K>,
}

/// A holder that has a place or waits for one.
#[derive(Debug)]
struct Holder<K: Eq + Hash> {
    turns: Arc<Inner<K>>,
    key: Option<K>,
    share: Arc<Semaphore>,
}

impl<K: Eq + Hash> Inner<K> {
    fn holders(&self) -> MutexGuard<'_, HashMap<K, Arc<Semaphore>>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for Holder<K> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let mut holders = self.turns.holders();
        // The map has one of them, and this holder the other: nobody else uses it.
        if Arc::strong_count(&self.share) == 2 {
            holders.remove(&key);
        }
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// So many `places`, of which one holder has at most half, and at least one. A
    /// request for a place fails after `patience`.
    pub fn new(places: usize, patience: Duration) -> Self {
        let inner = Inner {
            places: Arc::new(Semaphore::new(places)),
            share: (places / 2).max(1),
            patience,
            holders: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How long a request waits for a place.
    pub fn patience(&self) -> Duration {
        self.inner.patience
    }

    /// Waits for a place; `None` when there was none in time.
    pub async fn take(&self, key: K) -> Option<Turn<K>> {
        let share = {
            let mut holders = self.inner.holders();
            let of_holder = holders.entry(key.clone());
            Arc::clone(of_holder.or_insert_with(|| Arc::new(Semaphore::new(self.inner.share))))
        };
        let holder =
            Holder { turns: Arc::clone(&self.inner), key: Some(key), share: Arc::clone(&share) };
        let wait = async {
            let of_share = share.acquire_owned().await.ok()?;
            let place = Arc::clone(&self.inner.places).acquire_owned().await.ok()?;
            Some(Turn { _place: place, _of_share: of_share, _holder: holder })
        };
        tokio::time::timeout(self.inner.patience, wait).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn one_holder_never_has_all_places() {
        let turns = Turns::new(2, PATIENCE);
        let first = turns.take("ada").await.unwrap();
        assert!(turns.take("ada").await.is_none());
        let other = turns.take("eve").await.unwrap();
        drop(first);
        assert!(turns.take("ada").await.is_some());
        assert!(turns.take("eve").await.is_none());
        drop(other);
        assert!(turns.inner.holders().is_empty());
    }

    #[tokio::test]
    async fn a_request_for_a_place_fails_after_the_patience() {
        let turns = Turns::new(1, PATIENCE);
        let held = turns.take(1).await.unwrap();
        let begun = tokio::time::Instant::now();
        assert!(turns.take(2).await.is_none());
        assert!(begun.elapsed() >= PATIENCE);
        let (turn, ()) = tokio::join!(turns.take(2), async { drop(held) });
        assert!(turn.is_some());
        drop(turn);
        assert!(turns.inner.holders().is_empty());
    }
}
