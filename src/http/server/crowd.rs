//! All open connections. When there is no room for a further one, one that has no
//! request makes room: silent connections cannot keep others out.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::Activity;
use crate::{config, http::ClientAddress};

/// Between two looks whether a connection can make room by now.
const LOOK: Duration = Duration::from_millis(100);

/// All open connections; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    room: Arc<Semaphore>,
    /// Most connections of one network.
    each: usize,
    /// Proxies, which stand for many clients.
    proxies: Arc<[IpNet]>,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    by_network: HashMap<IpAddr, HashMap<u64, Arc<Activity>>>,
}

/// A connection's place in the crowd, until it is dropped.
#[derive(Debug)]
pub(super) struct Member {
    crowd: Crowd,
    network: IpAddr,
    id: u64,
}

impl Crowd {
    pub(super) fn new(settings: &config::Server) -> Self {
        let proxies: Vec<IpNet> = settings.trusted_proxies.clone();
        Self {
            room: Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS))),
            each: settings.max_connections_per_network,
            proxies: proxies.into(),
            open: Arc::default(),
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in. `None` when its network has as many as it may have, and
    /// each of them has a request.
    pub(super) fn join(&self, peer: SocketAddr, activity: &Arc<Activity>) -> Option<Member> {
        let address = peer.ip().to_canonical();
        let network = ClientAddress(address).network();
        let is_proxy = self.proxies.iter().any(|proxies| proxies.contains(&address));
        let mut open = self.open();
        let of_network = open.by_network.get(&network).into_iter().flat_map(HashMap::values);
        // Connections that make room are about to be gone.
        let staying: Vec<_> = of_network.filter(|activity| !activity.is_evicted()).collect();
        if staying.len() >= self.each && !is_proxy && !evict_one(staying.into_iter()) {
            return None;
        }
        let id = open.next;
        open.next += 1;
        open.by_network.entry(network).or_default().insert(id, Arc::clone(activity));
        drop(open);
        Some(Member { crowd: self.clone(), network, id })
    }

    /// Waits for room: for a connection without a request to go, or for any to end.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            return Some(permit);
        }
        let mut permit = Box::pin(Arc::clone(&self.room).acquire_owned());
        loop {
            evict_one(self.open().by_network.values().flat_map(HashMap::values));
            tokio::select! {
                permit = &mut permit => return permit.ok(),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// Has the connection closed that is worth least, the oldest of them; false when
/// each has a request.
fn evict_one<'a>(connections: impl Iterator<Item = &'a Arc<Activity>>) -> bool {
    let worths = connections.filter_map(|activity| Some((activity.worth()?, activity)));
    let least = worths.min_by_key(|(worth, _)| *worth);
    if let Some((_, activity)) = least {
        activity.evict();
    }
    least.is_some()
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut open = self.crowd.open();
        if let Some(of_network) = open.by_network.get_mut(&self.network) {
            of_network.remove(&self.id);
            if of_network.is_empty() {
                open.by_network.remove(&self.network);
            }
        }
    }
}
