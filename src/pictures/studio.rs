//! Where pictures are worked on: off the async threads, a few at once. No account
//! has all places, and a file that is no picture needs none.

use std::time::Duration;

use super::{Bounds, MediaType, Picture, Scaled, Size, Unusable, check, render, scale};
use crate::base::{
    Error,
    ids::AccountId,
    turns::{Turn, Turns},
};

/// How long a request waits for its turn. A queue that is longer than this would
/// only grow. The same time is the `Retry-After` of a request that got no turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// The account whose picture is worked on; `None` for the server's own work.
type Holder = Option<AccountId>;

/// Works on pictures; cheap to clone.
#[derive(Clone, Debug)]
pub struct Studio {
    turns: Turns<Holder>,
    bounds: Bounds,
}

impl Studio {
    /// At most `concurrency` pictures at once.
    pub fn new(concurrency: usize, bounds: Bounds) -> Self {
        Self { turns: Turns::new(concurrency, PATIENCE), bounds }
    }

    /// Makes a file that an account sent into a picture that can be kept, see
    /// [`super::clean`]. Its type, form and dimensions are looked at first, which
    /// takes time in proportion to its size; only then it takes a place.
    pub async fn clean(
        &self,
        owner: AccountId,
        file: Vec<u8>,
    ) -> Result<Result<Picture, Unusable>, Error> {
        let bounds = self.bounds;
        let checked = match blocking(move || check(&file, bounds)).await {
            Ok(checked) => checked,
            Err(unusable) => return Ok(Err(unusable)),
        };
        let turn = self.turn(Some(owner)).await?;
        Ok(working(turn, move || render(&checked, bounds)).await)
    }

    /// See [`scale`].
    pub async fn scale(
        &self,
        file: Vec<u8>,
        media_type: MediaType,
        sizes: Vec<Size>,
    ) -> Result<Result<Vec<Scaled>, Unusable>, Error> {
        let (turn, bounds) = (self.turn(None).await?, self.bounds);
        Ok(working(turn, move || scale(&file, media_type, (bounds, &sizes))).await)
    }

    async fn turn(&self, holder: Holder) -> Result<Turn<Holder>, Error> {
        let busy = Error::Busy { what: "decoding pictures", retry_after: self.turns.patience() };
        self.turns.take(holder).await.ok_or(busy)
    }
}

/// Does costly work in a place, which is held until the work is done, also when
/// nobody waits for it any more.
async fn working<T: Send + 'static>(
    turn: Turn<Holder>,
    work: impl FnOnce() -> Result<T, Unusable> + Send + 'static,
) -> Result<T, Unusable> {
    blocking(move || {
        let done = work();
        drop(turn);
        done
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unusable> + Send + 'static,
) -> Result<T, Unusable> {
    // A picture over which a decoder stumbles is no picture.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Unusable::Broken))
}
