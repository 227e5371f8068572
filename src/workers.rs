//! What happens without being asked: schedules, and who listens to what.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, Notify},
    time::sleep,
};

use crate::{
    app::App,
    attachments, bans,
    base::{Error, clock::Timestamp, ids::AccountId},
    content_removals,
    db::{Topic, once},
    decisions::Decisions,
    effects::Effects,
    events::Event,
    jobs::{self, Carrier, Handlers, NewJob, Outside, Pump},
    mail, media,
    notifications::Notifications,
    plugin_trials,
    profiles::Profiles,
    retention::Retention,
    search::Search,
    undos,
    webhooks::{self, Webhooks},
};

/// How often those who have done nothing are forgotten by the rate limits.
const FORGET_IDLE: Duration = Duration::from_mins(1);
/// How often histograms are tidied, as the exporter asks for.
const TIDY_METRICS: Duration = Duration::from_secs(5);
/// How often it is looked for what has been kept long enough.
const ENFORCE_RETENTION: Duration = Duration::from_mins(10);
/// Time between two searches for texts whose terms an earlier release made; the first is
/// at the start.
const INDEX_TEXTS: Duration = Duration::from_mins(10);
/// How often sessions that ended long ago are deleted.
const FORGET_SESSIONS: Duration = Duration::from_hours(1);
/// How often what waits for moderators is counted: as often as it is scraped.
const COUNT_ITEMS: Duration = Duration::from_secs(15);
/// How often the folder of plugins is looked at: people wait for what they saved.
const LOOK_AT_FILES: Duration = Duration::from_secs(1);
/// How often other processes' changes of plugins are looked for: a change is at
/// work everywhere within a second.
const CATCH_UP: Duration = Duration::from_millis(500);
/// How often activations are looked for whose process is gone; also at the start.
const END_ABANDONED: Duration = Duration::from_secs(5);
/// How often what plugins remember and has expired is deleted.
const FORGET_STATE: Duration = Duration::from_mins(10);
/// How often delayed notifications are looked for. Each look is a statement of an idle
/// server, which has five a second for all that it does.
const SEND_DUE: Duration = Duration::from_secs(2);
/// How often webhooks are looked for that other servers made.
const LOOK_FOR_WEBHOOKS: Duration = Duration::from_secs(2);
/// How often old decisions are deleted, and those of closed accounts erased.
const TIDY_DECISIONS: Duration = Duration::from_mins(1);
/// Rest between two lots of that, so that requests get the writer.
const TIDY_REST: Duration = Duration::from_millis(50);
/// How often digests are looked for that are due: nobody waits for one.
const MAKE_DIGESTS: Duration = Duration::from_mins(1);
/// How often jobs that were done long ago are deleted, some at a time.
const SWEEP_JOBS: Duration = Duration::from_secs(10);

/// Rest between two times that news is told: what comes meanwhile is told as one.
const NEWS_REST: Duration = Duration::from_millis(5);
/// How often unused pictures are deleted, and it is looked whether it is time to
/// collect files.
const KEEP_MEDIA: Duration = Duration::from_mins(10);

/// How often plugins are told that time goes by, as their contract says.
const TICK: Duration = Duration::from_mins(5);
/// How often it is looked whether it is time for that.
const LOOK_FOR_TICK: Duration = Duration::from_secs(1);

/// The kind of job that a worker outside does; and how long a look at it takes.
const OUTSIDE: &str = "outside.do";
const OUTSIDE_LIMIT: Duration = Duration::from_secs(5);

/// Why a binding is only listened to when its budget is overspent.
const OVERSPENT: &str = "it wanted twice as many effects in an hour as it may have";

/// Who does which kind of job, and who listens to what happens. Each is told at
/// least once, and comes to the same when it is told twice.
pub fn handlers(app: &App) -> Handlers {
    let trials = app.trials.clone();
    let handlers = Handlers::new().on(plugin_trials::REPLAY, plugin_trials::LIMIT, move |job| {
        let trials = trials.clone();
        async move { trials.replay(job).await }
    });
    let undos = app.undos.clone();
    let handlers = handlers.on(undos::UNDO, undos::LIMIT, move |job| {
        let undos = undos.clone();
        async move { undos.undo(job).await }
    });
    let removals = app.undos.removals();
    let handlers = handlers.on(bans::REMOVE_CONTENT, content_removals::LIMIT, move |job| {
        let removals = removals.clone();
        async move { removals.remove(job).await }
    });
    let mails = app.mailing.mails.clone();
    let handlers = handlers.on(mail::SEND, mail::SEND_LIMIT, move |job| {
        let mails = mails.clone();
        async move { mails.send(job).await }
    });
    let handlers = tell_webhooks(tell_people(tell_plugins(handlers, app), app), app);
    let handlers = keep_media(handlers, app);
    tell_outside(handlers, app).accepting(&app.config.jobs.accept)
}

/// Workers outside are given what they are to be told of.
fn tell_outside(handlers: Handlers, app: &App) -> Handlers {
    let told = app.config.jobs.tell.clone();
    if told.is_empty() {
        return handlers;
    }
    let Some(outside) = Outside::new(&app.config, app.redis.as_ref()) else { return handlers };
    let (outside, webhooks, db) =
        (Arc::new(outside), app.webhooks.clone(), app.db.beside_requests());
    handlers
        .listen("outside.tell", Webhooks::tells, move |occurrence| {
            let (webhooks, db, told) = (webhooks.clone(), db.clone(), told.clone());
            async move {
                let message = webhooks.told(&occurrence).await?;
                let Some((name, data)) = message.filter(|(name, _)| told.iter().any(|n| n == name))
                else {
                    return Ok(());
                };
                let job =
                    NewJob { max_attempts: Outside::LOOKS, ..NewJob::new(OUTSIDE, &(name, data)) };
                let mut tx = db.begin().await?;
                let job = job.once(format!("{}/{OUTSIDE}", occurrence.id));
                jobs::enqueue(&mut tx, job, occurrence.at).await?;
                Ok(tx.commit().await?)
            }
        })
        .on(OUTSIDE, OUTSIDE_LIMIT, move |job| {
            let outside = Arc::clone(&outside);
            async move { outside.hand_over(job).await }
        })
}

/// Pictures get their smaller copies, and lose their files.
fn keep_media(handlers: Handlers, app: &App) -> Handlers {
    let (resizing, erasing) = (app.media.clone(), app.media.clone());
    handlers
        .on(media::RESIZE, media::RESIZE_LIMIT, move |job| {
            let media = resizing.clone();
            async move { media.resize(job).await }
        })
        .on(attachments::ERASE, media::ERASE_LIMIT, move |job| {
            let media = erasing.clone();
            async move { media.erase_files(job).await }
        })
}

/// Plugins are told, and what they want done is done.
fn tell_plugins(handlers: Handlers, app: &App) -> Handlers {
    let (effects, plugins) = (app.effects.clone(), app.plugins.clone());
    let (after_hooks, told) = (app.after_hooks.clone(), app.after_hooks.clone());
    handlers
        .listen(
            "plugins.tell",
            move |event| after_hooks.wants(event),
            move |occurrence| {
                let after_hooks = told.clone();
                async move { after_hooks.on_event(&occurrence).await }
            },
        )
        .listen("effects.apply", Effects::wants, move |occurrence| {
            let effects = effects.clone();
            async move { effects.on_event(&occurrence).await }
        })
        .listen(
            "plugins.degrade",
            |event| matches!(event, Event::BudgetSpent { .. }),
            move |occurrence| {
                let plugins = plugins.clone();
                async move {
                    match occurrence.event {
                        Event::BudgetSpent { binding } => {
                            match plugins.degrade(binding.into(), OVERSPENT).await {
                                // It is gone by now.
                                Err(Error::NotFound) => Ok(()),
                                degraded => degraded,
                            }
                        }
                        _ => Ok(()),
                    }
                }
            },
        )
}

fn tell_people(handlers: Handlers, app: &App) -> Handlers {
    let (telling, sending) = (app.notifications.clone(), app.notifications.clone());
    handlers
        .listen("notifications.tell", Notifications::tells, move |occurrence| {
            let notifications = telling.clone();
            async move { notifications.on_event(&occurrence).await }
        })
        .listen(
            "notifications.send",
            |event| matches!(event, Event::NotificationMade { .. }),
            move |occurrence| {
                let notifications = sending.clone();
                async move { notifications.on_made(&occurrence).await }
            },
        )
}

fn tell_webhooks(handlers: Handlers, app: &App) -> Handlers {
    let (asked, telling, delivering) =
        (app.webhooks.clone(), app.webhooks.clone(), app.webhooks.clone());
    handlers
        .listen(
            "webhooks.tell",
            move |event| asked.wants(event),
            move |occurrence| {
                let webhooks = telling.clone();
                async move { webhooks.on_event(&occurrence).await }
            },
        )
        .on(webhooks::DELIVER, webhooks::DELIVERY_LIMIT, move |job| {
            let webhooks = delivering.clone();
            async move { webhooks.deliver(job).await }
        })
}

/// Starts all schedules and the pump; they end when the server closes.
pub fn start(app: &App) {
    start_with(app, handlers(app));
}

/// As [`start`], with others who do the jobs. Where nothing is written, what writes
/// by itself rests too.
pub fn start_with(app: &App, handlers: Handlers) {
    start_looking(app);
    start_news(app);
    if app.config.server.read_only {
        tracing::warn!("server.read_only: nothing is written, and jobs wait");
        return;
    }
    let carrier = Carrier::new(&app.config, app.redis.as_ref());
    let (clock, lifecycle) = (app.clock.clone(), app.lifecycle.clone());
    let pump = Pump::new(&app.db, clock, lifecycle, handlers, carrier);
    app.lifecycle.spawn(pump.run());
    start_schedules(app);
    start_upkeep_of_jobs(app);
    start_ticks(app);
}

/// What was committed is told to who waits for it here, and through Redis to the
/// other servers; what they committed, to who waits for it here.
fn start_news(app: &App) {
    let (db, redis, notifications) = (app.db.clone(), app.redis.clone(), app.notifications.clone());
    let hot = app.forum.hot.clone();
    let telling = async move {
        loop {
            let topics = db.news().await;
            for topic in &topics {
                if let Topic::Notified(account) = topic {
                    notifications.wake(AccountId(*account));
                }
            }
            if let Some(redis) = &redis {
                let written = hot.written();
                // While it is away the others look for themselves.
                if redis.tell(&topics).await.is_ok() && topics.contains(&Topic::Reads) {
                    hot.told(written);
                }
            }
            sleep(NEWS_REST).await;
        }
    };
    app.lifecycle.spawn_until_closing(telling);
    let Some(redis) = app.redis.clone() else { return };
    let pulse = redis.clone();
    app.lifecycle.spawn_until_closing(async move { pulse.pulse().await });
    let (plugins, changed) = (app.plugins.clone(), Arc::new(Notify::new()));
    let other = Arc::clone(&changed);
    app.lifecycle.spawn_until_closing(async move {
        loop {
            other.notified().await;
            if let Err(error) = plugins.catch_up().await {
                tracing::warn!(%error, "changes of plugins could not be taken over");
            }
        }
    });
    let (db, hot, notifications) =
        (app.db.clone(), app.forum.hot.clone(), app.notifications.clone());
    let hear = move |topic| match topic {
        Topic::Reads => hot.changed_elsewhere(),
        Topic::Jobs => db.jobs_added(),
        Topic::Plugins => changed.notify_one(),
        Topic::Notified(account) => notifications.wake(AccountId(account)),
    };
    app.lifecycle.spawn_until_closing(async move { redis.hear(hear).await });
}

/// Ticks, once for all processes on one database; for nobody, none.
fn start_ticks(app: &App) {
    let (db, clock, after_hooks) =
        (app.db.beside_requests(), app.clock.clone(), app.after_hooks.clone());
    let last = Arc::new(Mutex::new(None));
    app.lifecycle.spawn_every(LOOK_FOR_TICK, move || {
        let (db, now, after_hooks) = (db.clone(), clock.now(), after_hooks.clone());
        let last = Arc::clone(&last);
        async move {
            let mut last = last.lock().await;
            let is_early = last.is_some_and(|last: Timestamp| last <= now && now < last.plus(TICK));
            if is_early || !after_hooks.wants(&Event::Ticked { previous: None }) {
                return;
            }
            match jobs::tick(&db, "plugins.tick", TICK, now).await {
                Ok(ticked) => *last = ticked,
                Err(error) => tracing::warn!(%error, "failed to publish schedule.tick"),
            }
        }
    });
}

fn start_upkeep_of_plugins(app: &App) {
    let plugins = app.plugins.clone();
    app.lifecycle.spawn_every(CATCH_UP, move || {
        let plugins = plugins.clone();
        async move {
            if let Err(error) = plugins.watch().await {
                tracing::warn!(%error, "bindings could not be watched");
            }
        }
    });
    app.lifecycle.spawn(app.plugins.clone().tell_quarantines());
    let plugins = app.plugins.clone();
    app.lifecycle.spawn_every(END_ABANDONED, move || {
        let plugins = plugins.clone();
        async move {
            if let Err(error) = plugins.end_abandoned().await {
                tracing::warn!(%error, "abandoned activations could not be ended");
            }
        }
    });
    if app.config.plugins.watched().is_some() {
        let files = app.plugin_files.clone();
        app.lifecycle.spawn_every(LOOK_AT_FILES, move || {
            let files = files.clone();
            async move {
                if let Err(error) = files.poll().await {
                    tracing::warn!(%error, "the folder of plugins could not be followed");
                }
            }
        });
    }
}

fn start_upkeep_of_jobs(app: &App) {
    let (db, clock) = (app.db.clone(), app.clock.clone());
    app.lifecycle.spawn_every(SWEEP_JOBS, move || {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            if let Err(error) = Pump::sweep(&db, clock.now()).await {
                tracing::warn!(%error, "old jobs could not be deleted");
            }
        }
    });
    let (db, clock) = (app.db.clone(), app.clock.clone());
    app.lifecycle.spawn_every(COUNT_ITEMS, move || {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            if let Err(error) = Pump::measure(&db, clock.now()).await {
                tracing::warn!(%error, "jobs could not be counted");
            }
        }
    });
}

/// What goes on by itself and writes nothing.
fn start_looking(app: &App) {
    let limits = Arc::clone(&app.limits);
    app.lifecycle.spawn_every(FORGET_IDLE, move || {
        let limits = Arc::clone(&limits);
        async move { limits.forget_idle() }
    });
    let metrics = app.metrics.clone();
    app.lifecycle.spawn_every(TIDY_METRICS, move || {
        let metrics = metrics.clone();
        async move { metrics.run_upkeep() }
    });
    let plugins = app.plugins.clone();
    app.lifecycle.spawn_every(CATCH_UP, move || {
        let plugins = plugins.clone();
        async move {
            if let Err(error) = plugins.catch_up().await {
                tracing::warn!(%error, "changes of plugins could not be taken over");
            }
        }
    });
}

fn start_schedules(app: &App) {
    let sessions = app.sessions.clone();
    app.lifecycle.spawn_every(FORGET_SESSIONS, move || {
        let sessions = sessions.clone();
        async move {
            match sessions.forget_ended().await {
                Ok(forgotten) => tracing::debug!(forgotten, "old sessions were deleted"),
                Err(error) => tracing::warn!(%error, "old sessions could not be deleted"),
            }
        }
    });
    let accounts = app.accounts.clone();
    app.lifecycle.spawn_every(FORGET_SESSIONS, move || {
        let accounts = accounts.clone();
        async move {
            if let Err(error) = accounts.forget_closed().await {
                tracing::warn!(%error, "hashes of closed accounts could not be deleted");
            }
        }
    });
    let (db, clock) = (app.db.clone(), app.clock.clone());
    app.lifecycle.spawn_every(FORGET_SESSIONS, move || {
        let (db, before) = (db.clone(), clock.now().minus(once::KEEP_KEYS));
        async move {
            if let Err(error) = once::forget(&db, before).await {
                tracing::warn!(%error, "old idempotency keys could not be deleted");
            }
        }
    });
    let state = app.plugin_state.clone();
    app.lifecycle.spawn_every(FORGET_STATE, move || {
        let state = state.clone();
        async move {
            if let Err(error) = state.forget_expired().await {
                tracing::warn!(%error, "what plugins remember could not be tidied");
            }
        }
    });
    start_upkeep_of_plugins(app);
    let decisions = app.decisions.clone();
    app.lifecycle.spawn_every(TIDY_DECISIONS, move || tidy(decisions.clone()));
    let settings = (app.config.retention, app.config.decisions);
    let retention = Retention::new(app.db.clone(), app.clock.clone(), settings);
    app.lifecycle.spawn_every(ENFORCE_RETENTION, move || enforce(retention.clone()));
    let search = app.forum.search.clone();
    app.lifecycle.spawn_every(INDEX_TEXTS, move || index(search.clone()));
    let review = app.review.clone();
    app.lifecycle.spawn_every(COUNT_ITEMS, move || {
        let review = review.clone();
        async move {
            if let Err(error) = review.measure().await {
                tracing::warn!(%error, "what waits for moderators could not be counted");
            }
        }
    });
    start_telling(app);
    start_upkeep_of_media(app);
}

fn start_upkeep_of_media(app: &App) {
    let profiles = Profiles::new(app.accounts.clone());
    app.lifecycle.spawn_every(KEEP_MEDIA, move || {
        let profiles = profiles.clone();
        async move {
            if let Err(error) = profiles.forget_old().await {
                tracing::warn!(%error, "failed to erase removed parts of profiles");
            }
        }
    });
    let media = app.media.clone();
    app.lifecycle.spawn_every(KEEP_MEDIA, move || {
        let media = media.clone();
        async move {
            if let Err(error) = media.forget_unused().await {
                tracing::warn!(%error, "unused pictures could not be deleted");
            }
            if let Err(error) = media.collect().await {
                tracing::warn!(%error, "files without a picture could not be deleted");
            }
        }
    });
}

fn start_telling(app: &App) {
    let digests = app.mailing.digests.clone();
    app.lifecycle.spawn_every(MAKE_DIGESTS, move || {
        let digests = digests.clone();
        async move {
            if let Err(error) = digests.make_due().await {
                tracing::warn!(%error, "digests could not be made");
            }
        }
    });
    let notifications = app.notifications.clone();
    app.lifecycle.spawn_every(SEND_DUE, move || {
        let notifications = notifications.clone();
        async move {
            if let Err(error) = notifications.send_due().await {
                tracing::warn!(%error, "delayed notifications could not be sent");
            }
        }
    });
    let notifications = app.notifications.clone();
    app.lifecycle.spawn_every(FORGET_SESSIONS, move || {
        let notifications = notifications.clone();
        async move {
            if let Err(error) = notifications.forget_old().await {
                tracing::warn!(%error, "old notifications could not be deleted");
            }
        }
    });
    let mails = app.mailing.mails.clone();
    app.lifecycle.spawn_every(FORGET_SESSIONS, move || {
        let mails = mails.clone();
        async move {
            if let Err(error) = mails.forget_old().await {
                tracing::warn!(%error, "old mails could not be deleted");
            }
        }
    });
    let webhooks = app.webhooks.clone();
    app.lifecycle.spawn_every(LOOK_FOR_WEBHOOKS, move || {
        let webhooks = webhooks.clone();
        async move {
            if let Err(error) = webhooks.look().await {
                tracing::warn!(%error, "webhooks could not be looked for");
            }
        }
    });
    let webhooks = app.webhooks.clone();
    app.lifecycle.spawn_every(FORGET_SESSIONS, move || {
        let webhooks = webhooks.clone();
        async move {
            if let Err(error) = webhooks.forget_old().await {
                tracing::warn!(%error, "old deliveries could not be deleted");
            }
        }
    });
}

async fn enforce(retention: Retention) {
    let failure = "what was kept long enough could not be erased";
    while goes_on(retention.enforce().await, failure).await {}
}

async fn index(search: Search) {
    let failure = "failed to index texts of an earlier release";
    while goes_on(search.index_stale().await, failure).await {}
}

async fn tidy(decisions: Decisions) {
    while goes_on(decisions.tidy().await, "old decisions could not be deleted").await {}
}

/// Rests after a piece of upkeep. Returns whether there may be more of it to do.
async fn goes_on(piece: Result<bool, Error>, failure: &'static str) -> bool {
    match piece {
        Ok(true) => sleep(TIDY_REST).await,
        Ok(false) => return false,
        Err(error) => {
            tracing::warn!(%error, "{failure}");
            return false;
        }
    }
    true
}
