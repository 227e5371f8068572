//! How large a body may be, and how many bytes of bodies the server holds at once.
//!
//! A body is gathered into one piece as it arrives, so that its
//! memory is its length, in however small pieces it is sent. Until its sender is
//! known to be signed in, it takes at most [`ANONYMOUS_LIMIT`]; all of those bodies
//! together, and those of one network, have a bound of their own. So have the
//! bodies of people who are signed in, and those of one account.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, combinators::BoxBody};
use poem::{Body, Request, http::header};

use super::{ClientAddress, onion::Bounds};
use crate::base::{Error, actor::Actor, ids::AccountId};

/// Most bytes of a body before its sender is known to be signed in: a sign-in and a
/// registration have a few hundred.
const ANONYMOUS_LIMIT: usize = 64 << 10;
/// Most bytes of all such bodies together: 512 whole ones.
const ANONYMOUS_TOTAL: usize = 32 << 20;
/// Most bytes of such bodies from one network: 128 whole ones, and a quarter of the
/// total, so that one network cannot use it up.
const ANONYMOUS_EACH: usize = 8 << 20;
/// Most bytes of all bodies of people who are signed in: eight of the largest
/// components at once.
const MEMBERS_TOTAL: usize = 256 << 20;
/// Most bytes of bodies of one account: the largest picture that can be allowed, or
/// two of the largest components.
const MEMBERS_EACH: usize = 64 << 20;
/// When a client may try again that found no room: a body is sent within seconds.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Counts the bytes of bodies that the server holds.
#[derive(Debug)]
pub struct Bodies {
    anonymous: Arc<Ledger>,
    members: Arc<Ledger>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            anonymous: Ledger::new(ANONYMOUS_TOTAL, ANONYMOUS_EACH),
            members: Ledger::new(MEMBERS_TOTAL, MEMBERS_EACH),
        }
    }
}

/// The sender that bytes are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sender {
    Network(IpAddr),
    Account(AccountId),
}

/// Bytes that are held, within a bound for all and one for each sender.
#[derive(Debug)]
struct Ledger {
    total: usize,
    each: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    total: usize,
    by: HashMap<Sender, usize>,
}

impl Ledger {
    fn new(total: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { total, each, held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts more bytes of a sender; false, and nothing counted, when a bound is
    /// reached.
    fn add(&self, sender: Sender, more: usize) -> bool {
        let mut held = self.held();
        let of_sender = held.by.get(&sender).copied().unwrap_or(0);
        if held.total + more > self.total || of_sender + more > self.each {
            return false;
        }
        held.total += more;
        held.by.insert(sender, of_sender + more);
        true
    }

    fn release(&self, sender: Sender, bytes: usize) {
        let mut held = self.held();
        held.total = held.total.saturating_sub(bytes);
        if let Some(of_sender) = held.by.get_mut(&sender) {
            *of_sender = of_sender.saturating_sub(bytes);
            if *of_sender == 0 {
                held.by.remove(&sender);
            }
        }
    }
}

/// Bytes that one body is counted with, until it is dropped.
#[derive(Debug)]
struct Charge {
    ledger: Arc<Ledger>,
    sender: Sender,
    bytes: usize,
}

impl Charge {
    fn add(&mut self, more: usize) -> bool {
        let is_within = self.ledger.add(self.sender, more);
        if is_within {
            self.bytes += more;
        }
        is_within
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.ledger.release(self.sender, self.bytes);
        }
    }
}

/// The reason why a body is not read further.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Refusal {
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    #[error("there is no room for more bodies")]
    Full,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge(limit) => {
                Self::TooLarge { limit: u64::try_from(limit).unwrap_or(u64::MAX) }
            }
            Refusal::Full => Self::Busy { what: "bodies of requests", retry_after: RETRY_AFTER },
        }
    }
}

/// The progress of reading a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Unread,
    Arriving,
    Whole,
}

/// The memory that the body of one request may take.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Most bytes that the operation takes.
    limit: usize,
    /// Whether the operation reads no body but an admin's.
    for_admins: bool,
    members: Arc<Ledger>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    charge: Charge,
    limit: usize,
    progress: Progress,
}

impl Allowance {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server waits for the client to send more of the body.
    pub(super) fn is_arriving(&self) -> bool {
        self.state().progress == Progress::Arriving
    }

    /// Takes `more` bytes after the first `held`.
    fn take(&self, held: usize, more: usize) -> Result<usize, Refusal> {
        let mut state = self.state();
        if held + more > state.limit {
            return Err(Refusal::TooLarge(state.limit));
        }
        if state.charge.add(more) { Ok(state.limit) } else { Err(Refusal::Full) }
    }

    /// The sender is signed in: the body may be as large as the operation takes, and
    /// is counted for the account from here on.
    fn sign_in(&self, account: AccountId) -> Result<(), Refusal> {
        let mut state = self.state();
        let (ledger, sender) = (Arc::clone(&self.members), Sender::Account(account));
        let mut charge = Charge { ledger, sender, bytes: 0 };
        if !charge.add(state.charge.bytes) {
            return Err(Refusal::Full);
        }
        (state.charge, state.limit) = (charge, self.limit);
        Ok(())
    }
}

impl Bodies {
    /// Refuses a body that says it is larger than the operation takes; makes one that
    /// turns out to be larger fail when it is read.
    pub(super) fn admit(
        &self,
        request: &mut Request,
        bounds: Bounds,
        client: ClientAddress,
    ) -> Result<Arc<Allowance>, Error> {
        let declared = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > bounds.body) {
            return Err(Error::TooLarge { limit: bounds.body });
        }
        let limit = usize::try_from(bounds.body).unwrap_or(usize::MAX);
        let ledger = Arc::clone(&self.anonymous);
        let charge = Charge { ledger, sender: Sender::Network(client.network()), bytes: 0 };
        let state = State { charge, limit: limit.min(ANONYMOUS_LIMIT), progress: Progress::Unread };
        let allowance = Arc::new(Allowance {
            limit,
            for_admins: bounds.admins,
            members: Arc::clone(&self.members),
            state: Mutex::new(state),
        });
        let body: BoxBody<Bytes, io::Error> = request.take_body().into();
        let gathered = stream::once(gather(body, Arc::clone(&allowance)));
        request.set_body(Body::from_bytes_stream(gathered));
        request.set_data(Arc::clone(&allowance));
        Ok(allowance)
    }
}

/// The sender of a request is signed in. An operation of admins reads no body of
/// anybody else.
pub fn authorise(request: &Request, actor: &Actor) -> Result<(), Error> {
    let Some(allowance) = request.data::<Arc<Allowance>>() else { return Ok(()) };
    if allowance.for_admins && !actor.is_admin() {
        return Err(Error::forbidden("admins_only", "Only admins upload components."));
    }
    Ok(allowance.sign_in(actor.id)?)
}

/// Reads a whole body into one piece.
async fn gather(
    mut body: BoxBody<Bytes, io::Error>,
    allowance: Arc<Allowance>,
) -> io::Result<Vec<u8>> {
    allowance.state().progress = Progress::Arriving;
    let mut gathered = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let held = gathered.len();
        let limit = allowance.take(held, data.len()).map_err(io::Error::other)?;
        if gathered.capacity() - held < data.len() {
            // Twice as much each time, but never room that will not be used.
            let wanted = (2 * held).min(limit).max(held + data.len());
            gathered.reserve_exact(wanted - held);
        }
        gathered.extend_from_slice(&data);
    }
    allowance.state().progress = Progress::Whole;
    Ok(gathered)
}

/// Why a body was not read to its end, if that was a refusal of ours.
pub(super) fn refusal(error: &io::Error) -> Option<Error> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some((*refusal).into());
        }
        // An io::Error shows its content by get_ref, not as its source.
        source = match error.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(last: u8) -> Sender {
        Sender::Network(IpAddr::from([192, 0, 2, last]))
    }

    fn charge(ledger: &Arc<Ledger>, sender: Sender) -> Charge {
        Charge { ledger: Arc::clone(ledger), sender, bytes: 0 }
    }

    #[test]
    fn bytes_are_bounded_for_all_senders_and_for_each() {
        let ledger = Ledger::new(100, 60);
        let mut first = charge(&ledger, network(1));
        assert!(first.add(60) && !first.add(1));
        let mut second = charge(&ledger, network(2));
        assert!(second.add(40) && !second.add(1));
        assert!(!charge(&ledger, network(1)).add(1), "the bound is of all its bodies");
        drop(first);
        assert!(charge(&ledger, network(1)).add(60));
        drop(second);
        assert!(ledger.held().by.is_empty() && ledger.held().total == 0);
    }
}
