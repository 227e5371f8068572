//! News for the other servers, by publish and subscribe. News that is lost is
//! found by whoever looks now and then, so nothing is kept and nothing repeated.

use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::PubSub;
use tokio::time::{interval, sleep, timeout};
use uuid::Uuid;

use super::connection::{Away, Redis};
use crate::db::Topic;

/// How often each server shows on the channel that it can be heard.
const PULSE: Duration = Duration::from_secs(1);
/// After so long without hearing anything, itself included, who listens
/// connects anew: a connection can be dead and not closed.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// Between two attempts to listen.
const RETRY: Duration = Duration::from_millis(500);
/// What a new generation of what answers show is told with.
const GENERATION: &str = "reads ";
/// What stands for no news.
const HERE: &str = "here";

impl Redis {
    /// Tells the other servers. What cannot be told now is not told.
    pub async fn tell(&self, topics: &[Topic]) -> Result<(), Away> {
        let mut pipeline = redis::pipe();
        for topic in topics {
            let mut text = written(*topic);
            if *topic == Topic::Reads {
                text = format!("{text} {}", self.next_generation().await?);
            }
            pipeline.publish(self.channel(), self.line(&text)).ignore();
        }
        self.call(|mut connection| async move { pipeline.query_async(&mut connection).await }).await
    }

    /// Hears what other servers tell, for ever. After a time of not hearing, it
    /// `hear` is told that anything may have happened.
    pub async fn hear(&self, hear: impl Fn(Topic)) {
        loop {
            if let Ok(listening) = self.listen().await {
                self.hear_on(listening, &hear).await;
                tracing::debug!("news of other servers cannot be heard");
            }
            sleep(RETRY).await;
        }
    }

    /// Shows that this server can be heard, for ever.
    pub async fn pulse(&self) {
        let mut pulse = interval(PULSE);
        loop {
            pulse.tick().await;
            let (channel, line) = (self.channel(), self.line(HERE));
            let mut command = redis::cmd("publish");
            command.arg(channel).arg(line);
            // While it is away, nobody is heard.
            let _ =
                self.call(|mut connection| async move {
                    command.query_async::<()>(&mut connection).await
                })
                .await;
        }
    }

    async fn hear_on(&self, mut listening: PubSub, hear: &impl Fn(Topic)) {
        if !matches!(timeout(SILENCE_MAX, listening.subscribe(self.channel())).await, Ok(Ok(()))) {
            return;
        }
        for topic in [Topic::Reads, Topic::Jobs, Topic::Plugins] {
            hear(topic);
        }
        let mut messages = listening.on_message();
        while let Ok(Some(message)) = timeout(SILENCE_MAX, messages.next()).await {
            let line: String = message.get_payload().unwrap_or_default();
            let Some((node, topic)) = line.split_once(' ') else { continue };
            if node == self.node().to_string() {
                continue;
            }
            if let Some(generation) = topic.strip_prefix(GENERATION) {
                // Before anything is looked at in it.
                self.succeed(generation.parse().unwrap_or_default());
            }
            if let Some(topic) = read(topic) {
                hear(topic);
            }
        }
    }

    fn channel(&self) -> String {
        self.key("news")
    }

    fn line(&self, text: &str) -> String {
        format!("{} {text}", self.node())
    }
}

fn written(topic: Topic) -> String {
    match topic {
        Topic::Reads => "reads".to_owned(),
        Topic::Jobs => "jobs".to_owned(),
        Topic::Plugins => "plugins".to_owned(),
        Topic::Notified(account) => format!("notified {account}"),
    }
}

/// `None` for what another version may mean.
fn read(text: &str) -> Option<Topic> {
    match text.split_once(' ') {
        Some(("reads", _)) => Some(Topic::Reads),
        Some(("notified", account)) => Uuid::parse_str(account).ok().map(Topic::Notified),
        _ => match text {
            "reads" => Some(Topic::Reads),
            "jobs" => Some(Topic::Jobs),
            "plugins" => Some(Topic::Plugins),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_read_as_it_was_written() {
        for topic in [Topic::Reads, Topic::Jobs, Topic::Plugins, Topic::Notified(Uuid::max())] {
            assert_eq!(read(&written(topic)), Some(topic));
        }
        for unknown in [HERE, "", "notified", "notified me", "of tomorrow"] {
            assert_eq!(read(unknown), None);
        }
    }
}
