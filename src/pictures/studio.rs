//! Where pictures are worked on: off the async threads, a few at once. Who waits
//! too long for a turn is told to come back.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{Bounds, MediaType, Picture, Scaled, Size, Unusable, clean, scale};
use crate::base::Error;

/// How long a request waits for its turn. A queue that is longer than this would
/// only grow.
const PATIENCE: Duration = Duration::from_secs(5);

/// Works on pictures; cheap to clone.
#[derive(Clone, Debug)]
pub struct Studio {
    turns: Arc<Semaphore>,
    bounds: Bounds,
}

impl Studio {
    /// At most `concurrency` pictures at once.
    pub fn new(concurrency: usize, bounds: Bounds) -> Self {
        Self { turns: Arc::new(Semaphore::new(concurrency)), bounds }
    }

    /// See [`clean`].
    pub async fn clean(&self, file: Vec<u8>) -> Result<Result<Picture, Unusable>, Error> {
        self.run(move |bounds| clean(&file, bounds)).await
    }

    /// See [`scale`].
    pub async fn scale(
        &self,
        file: Vec<u8>,
        media_type: MediaType,
        sizes: Vec<Size>,
    ) -> Result<Result<Vec<Scaled>, Unusable>, Error> {
        self.run(move |bounds| scale(&file, media_type, (bounds, &sizes))).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Bounds) -> Result<T, Unusable> + Send + 'static,
    ) -> Result<Result<T, Unusable>, Error> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Error::Unavailable { what: "decoding pictures", retry_after: PATIENCE });
        };
        let bounds = self.bounds;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(bounds);
            drop(turn);
            done
        });
        // A picture over which a decoder stumbles is no picture.
        Ok(done.await.unwrap_or(Err(Unusable::Broken)))
    }
}
