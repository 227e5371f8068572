//! Queues in the layout of RSMQ, one for each of three priorities. A message is
//! a job as JSON: `id`, `kind` and `payload`; its `id` is what counts.
//!
//! The library that is used here counts in milliseconds what RSMQ for Node
//! counts in seconds, so nothing here goes by what a queue has stored. What it
//! has stored is in seconds, for others.

use std::time::Duration;

use rsmq_async::{RsmqConnection, RsmqError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Failed, LEASE, Offer};
use crate::{jobs::model::Fate, redis::Redis};

/// What keys begin with, as in RSMQ for Node when nothing is set.
const NAMESPACE: &str = "rsmq";
/// Ends of the queues' names, the one that is emptied first at the front.
const PRIORITIES: [&str; 3] = ["high", "normal", "low"];
/// No bound on the size of a message: payloads are bounded where jobs are made.
const ANY_SIZE: i64 = -1;

impl From<RsmqError> for Failed {
    fn from(error: RsmqError) -> Self {
        Self(error.to_string())
    }
}

/// A message that was taken.
#[derive(Debug)]
pub(super) struct Message {
    queue: usize,
    id: String,
}

#[derive(Serialize)]
struct Written<'a> {
    id: Uuid,
    kind: &'a str,
    payload: Value,
}

#[derive(Deserialize)]
struct Read {
    id: Uuid,
}

/// The queues.
pub(super) struct Rsmq {
    client: rsmq_async::Rsmq,
    names: [String; 3],
}

impl Rsmq {
    /// Uses the connection that there is now, until something fails: the library
    /// neither connects again nor loads its scripts again.
    pub(super) async fn open(redis: &Redis) -> Result<Self, Failed> {
        let connection = redis.connection()?;
        let mut client =
            rsmq_async::Rsmq::new_with_connection(connection, false, Some(NAMESPACE)).await?;
        let names = PRIORITIES.map(|priority| format!("{}-{priority}", redis.prefix()));
        let stored = Duration::from_millis(LEASE.as_secs());
        for name in &names {
            let made =
                client.create_queue(name, Some(stored), Some(Duration::ZERO), Some(ANY_SIZE)).await;
            match made {
                Ok(()) | Err(RsmqError::QueueExists) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { client, names })
    }

    pub(super) async fn take(&mut self, most: usize) -> Result<Vec<(Uuid, Message)>, Failed> {
        let mut taken = Vec::new();
        for (queue, name) in self.names.iter().enumerate() {
            let room = u32::try_from(most.saturating_sub(taken.len())).unwrap_or(u32::MAX);
            let messages =
                self.client.receive_message_batch::<String>(name, Some(LEASE), room).await?;
            for message in messages {
                if let Ok(read) = serde_json::from_str::<Read>(&message.message) {
                    taken.push((read.id, Message { queue, id: message.id }));
                } else {
                    tracing::warn!(name, "a message that is no job is dropped");
                    self.client.delete_message(name, &message.id).await?;
                }
            }
        }
        Ok(taken)
    }

    pub(super) async fn offer(&mut self, offers: &[Offer]) -> Result<(), Failed> {
        let mut messages: [Vec<String>; 3] = Default::default();
        for Offer { job, .. } in offers {
            let queue = match job.priority {
                1.. => 0,
                0 => 1,
                _ => 2,
            };
            let payload = serde_json::from_str(&job.payload).unwrap_or_default();
            let written = Written { id: job.id, kind: &job.kind, payload };
            // Ids, names and JSON: serialising them cannot fail.
            messages[queue].push(serde_json::to_string(&written).unwrap_or_default());
        }
        for (name, messages) in self.names.iter().zip(messages) {
            if !messages.is_empty() {
                self.client.send_message_batch(name, messages, Some(Duration::ZERO)).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn renew(&mut self, message: &Message) -> Result<(), Failed> {
        let name = &self.names[message.queue];
        Ok(self.client.change_message_visibility(name, &message.id, LEASE).await?)
    }

    /// What is tried again later gets a new message then: the database knows when.
    pub(super) async fn settle(&mut self, message: &Message, fate: &Fate) -> Result<(), Failed> {
        let name = &self.names[message.queue];
        if *fate == Fate::Returned {
            let now = Duration::ZERO;
            return Ok(self.client.change_message_visibility(name, &message.id, now).await?);
        }
        self.client.delete_message(name, &message.id).await?;
        Ok(())
    }
}
