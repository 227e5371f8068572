//! The network of native tests: it answers what tests say, and keeps what was
//! sent.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::http::{Error, Request, Response};

#[derive(Default)]
struct Network {
    answers: VecDeque<Result<Response, Error>>,
    sent: Vec<Request>,
}

thread_local! {
    static NETWORK: RefCell<Network> = RefCell::new(Network::default());
}

/// The hand on the network.
#[derive(Debug)]
pub struct Http(());

/// A network that gives these answers in turn, and then is unreachable.
pub fn http(answers: impl IntoIterator<Item = Result<Response, Error>>) -> Http {
    NETWORK.set(Network { answers: answers.into_iter().collect(), sent: Vec::new() });
    Http(())
}

impl Http {
    /// What was sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<Request> {
        NETWORK.with_borrow(|network| network.sent.clone())
    }
}

pub(crate) fn send(request: &Request) -> Result<Response, Error> {
    NETWORK.with_borrow_mut(|network| {
        network.sent.push(request.clone());
        network.answers.pop_front().unwrap_or(Err(Error::Unreachable))
    })
}
