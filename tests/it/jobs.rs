//! The queue: what happened is told to all who listen, at least once, and what
//! cannot be done harms nothing else.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gatherly::{
    config::JobBackend,
    db::{Columns, statement},
    events::{Cause, Content, Event, Occurrence},
    jobs::{self, Failure, Handlers, JobState, MAX_ATTEMPTS, NewJob, claim_tick},
};
use serde_json::json;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    on_every_backend,
    support::{TestApp, carried_by, forum, policy, wait_for},
};

on_every_backend! {
    each_listener_is_told_of_what_it_wants
    what_did_not_happen_is_not_told
    of_jobs_with_one_key_there_is_one
    what_a_killed_process_had_taken_is_done
    what_waits_for_its_turn_goes_back
    the_clock_may_jump_while_a_job_is_done
    a_poison_job_is_given_up_while_others_go_on
    what_kills_is_given_up
    what_nobody_knows_is_kept_until_somebody_does
    what_is_kept_is_swept_in_the_end
    a_schedule_runs_once
    the_higher_goes_first
    two_servers_do_each_job_once
    many_events_are_told_once_each
}

const LIMIT: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// What was done, by what it was about.
#[derive(Clone, Default)]
struct Tally(Arc<Mutex<BTreeMap<String, usize>>>);

impl Tally {
    fn add(&self, what: &str) -> usize {
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry(what.to_owned()).or_default();
        *count += 1;
        *count
    }

    fn of(&self, what: &str) -> usize {
        self.0.lock().unwrap().get(what).copied().unwrap_or(0)
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

fn post() -> Event {
    Event::ContentHeld { content: Content::Post(Uuid::now_v7()) }
}

async fn publish(app: &TestApp, event: Event) -> Occurrence {
    let occurrence = Occurrence::new(app.app.clock.now(), Cause::Server, event);
    let mut tx = app.app.db.begin().await.unwrap();
    jobs::publish(&mut tx, &occurrence).await.unwrap();
    tx.commit().await.unwrap();
    occurrence
}

async fn enqueue(app: &TestApp, job: NewJob) -> Option<Uuid> {
    let mut tx = app.app.db.begin().await.unwrap();
    let id = jobs::enqueue(&mut tx, job, app.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn run(app: &TestApp, sql: &'static str, id: Uuid) {
    let mut tx = app.app.db.begin().await.unwrap();
    tx.execute_one(statement(sql).bind(id)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    app.app.db.optional(statement(sql)).await.unwrap().unwrap().value("n").unwrap()
}

async fn state(app: &TestApp, id: Uuid) -> Option<JobState> {
    jobs::find(&app.app.db, id).await.unwrap().map(|job| job.state)
}

/// A server where jobs of the kind `work` are counted by their payload.
async fn counting(backend: JobBackend) -> (TestApp, Tally) {
    let tally = Tally::default();
    let counted = tally.clone();
    let app =
        TestApp::start_working_with(carried_by(backend), move |_, _| counting_work(&counted)).await;
    (app, tally)
}

fn counting_work(tally: &Tally) -> Handlers {
    let tally = tally.clone();
    Handlers::new().on("work", LIMIT, move |job| {
        tally.add(&job.payload);
        async { Ok(()) }
    })
}

async fn each_listener_is_told_of_what_it_wants(backend: JobBackend) {
    let (first, second) = (Tally::default(), Tally::default());
    let (one, two) = (first.clone(), second.clone());
    let app = TestApp::start_working_with(carried_by(backend), move |_, _| {
        Handlers::new()
            .listen(
                "first",
                |event| matches!(event, Event::ContentHeld { .. }),
                move |told: Occurrence| {
                    one.add(&told.id.to_string());
                    async { Ok(()) }
                },
            )
            .listen(
                "second",
                |_| true,
                move |told| {
                    two.add(&told.id.to_string());
                    async { Ok(()) }
                },
            )
    })
    .await;
    let held = publish(&app, post()).await;
    let ticked = publish(&app, Event::Ticked { previous: None }).await;
    app.settled().await;
    assert_eq!((first.of(&held.id.to_string()), first.of(&ticked.id.to_string())), (1, 0));
    assert_eq!((second.of(&held.id.to_string()), second.of(&ticked.id.to_string())), (1, 1));
    assert_eq!(count(&app, "select count(*) as n from jobs").await, 0);
}

/// Nothing is told of what was rolled back.
async fn what_did_not_happen_is_not_told(backend: JobBackend) {
    let (app, tally) = counting(backend).await;
    let mut tx = app.app.db.begin().await.unwrap();
    let now = app.app.clock.now();
    jobs::enqueue(&mut tx, NewJob::new("work", &"undone"), now).await.unwrap();
    drop(tx);
    enqueue(&app, NewJob::new("work", &"done")).await;
    wait_for("the other is done", async || tally.of("\"done\"") == 1).await;
    assert_eq!(tally.len(), 1);
}

async fn of_jobs_with_one_key_there_is_one(backend: JobBackend) {
    let (app, _) = counting(backend).await;
    let later = app.app.clock.now().plus(DAY);
    let job = || NewJob::new("work", &1).once("key".to_owned()).not_before(later);
    assert!(enqueue(&app, job()).await.is_some());
    assert!(enqueue(&app, job()).await.is_none());
    assert_eq!(count(&app, "select count(*) as n from jobs").await, 1);
}

/// A process was killed between taking a job and writing down that it was done.
async fn what_a_killed_process_had_taken_is_done(backend: JobBackend) {
    let (app, tally) = counting(backend).await;
    let later = app.app.clock.now().plus(DAY);
    let id = enqueue(&app, NewJob::new("work", &"taken").not_before(later)).await.unwrap();
    let taken = "update jobs set state = 'active', attempts = 1,
                        lease_until = created_at + 60000 where id = ?";
    run(&app, taken, id).await;
    enqueue(&app, NewJob::new("work", &"other")).await;
    wait_for("the other is done", async || tally.of("\"other\"") == 1).await;
    assert_eq!(tally.of("\"taken\""), 0, "it belongs to another process");
    app.advance(MINUTE);
    wait_for("it is done", async || tally.of("\"taken\"") == 1).await;
    app.settled().await;
    assert_eq!(state(&app, id).await, None);
}

/// A server that closes does what it has begun; what waits there for its turn is
/// begun by the next at once, for the first time.
async fn what_waits_for_its_turn_goes_back(backend: JobBackend) {
    let (tally, jobs) = (Tally::default(), 20);
    let counted = tally.clone();
    let app = TestApp::start_working_with(carried_by(backend), move |app, _| {
        let lifecycle = app.lifecycle.clone();
        Handlers::new().on("work", LIMIT, move |job| {
            counted.add(&job.payload);
            let lifecycle = lifecycle.clone();
            async move {
                lifecycle.closing().await;
                Ok(())
            }
        })
    })
    .await;
    for job in 0..jobs {
        enqueue(&app, NewJob::new("work", &job)).await;
    }
    let taken = "select count(*) as n from jobs where state = 'active'";
    wait_for("all are taken", async || count(&app, taken).await == jobs).await;
    // Those that have a turn begin a moment after they are taken.
    wait_for("some are begun", async || tally.len() > 0).await;
    let begun = tally.len();
    assert!(begun < 20, "{begun} are done at once");
    let counted = tally.clone();
    let app = app
        .restart_working(move |_, _| {
            Handlers::new().on("work", LIMIT, move |job| {
                assert_eq!(job.attempt, 1);
                counted.add(&job.payload);
                async { Ok(()) }
            })
        })
        .await;
    app.settled().await;
    assert_eq!(count(&app, "select count(*) as n from jobs").await, 0);
    let times: Vec<usize> = tally.0.lock().unwrap().values().copied().collect();
    assert_eq!(times, [1; 20]);
}

/// Nobody takes a job that is being done here, whatever the clock says.
async fn the_clock_may_jump_while_a_job_is_done(backend: JobBackend) {
    let (tally, go) = (Tally::default(), Arc::new(Notify::new()));
    let (counted, wait) = (tally.clone(), Arc::clone(&go));
    let app = TestApp::start_working_with(carried_by(backend), move |_, _| {
        Handlers::new().on("work", LIMIT, move |job| {
            let (wait, times) = (Arc::clone(&wait), counted.add(&job.payload));
            async move {
                if times == 1 {
                    wait.notified().await;
                }
                Ok(())
            }
        })
    })
    .await;
    enqueue(&app, NewJob::new("work", &1)).await;
    wait_for("it has begun", async || tally.of("1") == 1).await;
    let lease = "select max(lease_until) as n from jobs";
    let before = count(&app, lease).await;
    app.advance(DAY);
    wait_for("the lease is renewed", async || count(&app, lease).await > before).await;
    go.notify_one();
    app.settled().await;
    assert_eq!(tally.of("1"), 1);
}

async fn a_poison_job_is_given_up_while_others_go_on(backend: JobBackend) {
    let (tally, other) = (Tally::default(), Tally::default());
    let (counted, done) = (tally.clone(), other.clone());
    let app = TestApp::start_working_with(carried_by(backend), move |_, _| {
        Handlers::new()
            .on("poison", LIMIT, move |job| {
                counted.add("tries");
                async move {
                    assert!(job.attempt % 2 == 0, "a panic is a failure like others");
                    Err(Failure::Retry("no".to_owned()))
                }
            })
            .on("work", LIMIT, move |job| {
                done.add(&job.payload);
                async { Ok(()) }
            })
    })
    .await;
    let poison = enqueue(&app, NewJob::new("poison", &0)).await.unwrap();
    for attempt in 1..=MAX_ATTEMPTS {
        let tries = usize::try_from(attempt).unwrap();
        wait_for("it is tried", async || tally.of("tries") == tries).await;
        wait_for("that is written down", async || {
            matches!(state(&app, poison).await, Some(JobState::Delayed | JobState::Failed))
        })
        .await;
        enqueue(&app, NewJob::new("work", &attempt)).await;
        app.settled().await;
        assert_eq!(other.of(&attempt.to_string()), 1);
        app.advance(Duration::from_secs(1 << (attempt - 1)) * 5 / 4);
    }
    app.settled().await;
    let job = jobs::find(&app.app.db, poison).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempts), (JobState::Failed, MAX_ATTEMPTS));
    assert_eq!(job.last_error.as_deref(), Some("no"));
    assert_eq!(tally.of("tries"), usize::try_from(MAX_ATTEMPTS).unwrap());
    // Somebody has repaired it.
    let mut tx = app.app.db.begin().await.unwrap();
    assert!(jobs::retry(&mut tx, poison, app.app.clock.now()).await.unwrap());
    tx.commit().await.unwrap();
    wait_for("it is tried", async || tally.of("tries") > usize::try_from(MAX_ATTEMPTS).unwrap())
        .await;
}

/// A job that takes its process with it is not begun for ever.
async fn what_kills_is_given_up(backend: JobBackend) {
    let (app, tally) = counting(backend).await;
    let later = app.app.clock.now().plus(DAY);
    let id = enqueue(&app, NewJob::new("work", &"deadly").not_before(later)).await.unwrap();
    let begun = "update jobs set state = 'active', lease_until = created_at,
                        attempts = max_attempts where id = ?";
    run(&app, begun, id).await;
    wait_for("it is given up", async || state(&app, id).await == Some(JobState::Failed)).await;
    assert_eq!(tally.len(), 0);
}

async fn what_nobody_knows_is_kept_until_somebody_does(backend: JobBackend) {
    let app = TestApp::start_working_with(carried_by(backend), |_, _| Handlers::new()).await;
    let job = enqueue(&app, NewJob::new("work", &"new")).await.unwrap();
    wait_for("it is parked", async || state(&app, job).await == Some(JobState::Parked)).await;
    let unread = Uuid::now_v7();
    run(&app, "insert into outbox values (?, '{\"event\": \"of tomorrow\"}', 0)", unread).await;
    wait_for("it is parked", async || state(&app, unread).await == Some(JobState::Parked)).await;
    // It can be read by the next version.
    let readable = "
        update jobs
        set payload = '{\"id\": \"00000000-0000-0000-0000-000000000001\", \"at\": 1, \"actor\": null,
                        \"binding\": null, \"event\": {\"ticked\": {}}}'
        where id = ?";
    run(&app, readable, unread).await;
    let (tally, told) = (Tally::default(), Tally::default());
    let (counted, heard) = (tally.clone(), told.clone());
    let app = app
        .restart_working(move |_, _| {
            counting_work(&counted).listen(
                "ear",
                |_| true,
                move |told| {
                    heard.add(&told.id.to_string());
                    async { Ok(()) }
                },
            )
        })
        .await;
    wait_for("both are known", async || tally.of("\"new\"") == 1 && told.len() == 1).await;
    app.settled().await;
    assert_eq!((tally.of("\"new\""), told.len()), (1, 1));
}

async fn what_is_kept_is_swept_in_the_end(backend: JobBackend) {
    let (app, _) = counting(backend).await;
    let id = enqueue(&app, NewJob { keep: true, ..NewJob::new("work", &1) }).await.unwrap();
    app.settled().await;
    let job = jobs::find(&app.app.db, id).await.unwrap().unwrap();
    assert_eq!((job.state, job.progress), (JobState::Completed, 100));
    let sweep = async || {
        let now = app.app.clock.now();
        jobs::Pump::sweep(&app.app.db, now).await.unwrap()
    };
    assert_eq!(sweep().await, 0);
    app.advance(DAY + MINUTE);
    assert_eq!(sweep().await, 1);
    assert_eq!(state(&app, id).await, None);
}

/// Whoever runs it, and wherever the clock is moved, a schedule runs once.
async fn a_schedule_runs_once(backend: JobBackend) {
    let (app, _) = counting(backend).await;
    let turns = AtomicUsize::new(0);
    let look = async |back: bool| {
        for _ in 0..3 {
            let mut now = app.app.clock.now();
            if back {
                now = now.minus(DAY);
            }
            let turn = claim_tick(&app.app.db, "each-minute", MINUTE, now).await.unwrap();
            if let Some((tx, _)) = turn {
                tx.commit().await.unwrap();
                turns.fetch_add(1, Ordering::SeqCst);
            }
        }
        turns.load(Ordering::SeqCst)
    };
    assert_eq!(look(false).await, 1);
    app.advance(MINUTE);
    assert_eq!(look(false).await, 2);
    app.advance(DAY);
    assert_eq!(look(false).await, 3);
    assert_eq!(look(true).await, 4, "the clock was put back by a day");
}

async fn two_servers_do_each_job_once(backend: JobBackend) {
    const JOBS: usize = 300;
    let (here, there) = (Tally::default(), Tally::default());
    // Long enough that one server does not have them all at once.
    let slowly = |tally: &Tally| {
        let tally = tally.clone();
        Handlers::new().on("work", LIMIT, move |job| {
            tally.add(&job.payload);
            async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(())
            }
        })
    };
    let (first, second) = (slowly(&here), slowly(&there));
    let app = TestApp::start_working_with(carried_by(backend), move |_, _| first).await;
    let other = app.another_working(move |_, _| second).await;
    let mut tx = app.app.db.begin().await.unwrap();
    for job in 0..JOBS {
        jobs::enqueue(&mut tx, NewJob::new("work", &job), app.app.clock.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    app.settled().await;
    other.settled().await;
    let mut times = here.0.lock().unwrap().clone();
    for (job, more) in there.0.lock().unwrap().iter() {
        *times.entry(job.clone()).or_default() += more;
    }
    assert_eq!(times.len(), JOBS);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    assert!(here.len() > 0 && there.len() > 0, "{} here, {} there", here.len(), there.len());
}

async fn the_higher_goes_first(backend: JobBackend) {
    let order = Arc::new(Mutex::new(Vec::new()));
    let begun = Arc::clone(&order);
    let app = TestApp::start_working_with(carried_by(backend), move |_, _| {
        Handlers::new().on("work", LIMIT, move |job| {
            begun.lock().unwrap().push(job.read::<i32>().unwrap());
            // Jobs that end at once are all done by one thread, while those whose turn
            // it is wait for another.
            async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(())
            }
        })
    })
    .await;
    let mut tx = app.app.db.begin().await.unwrap();
    for _ in 0..16 {
        for priority in [-1, 0, 1] {
            let job = NewJob { priority, ..NewJob::new("work", &priority) };
            jobs::enqueue(&mut tx, job, app.app.clock.now()).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    app.settled().await;
    let order = order.lock().unwrap().clone();
    let mean = |priority: i32| {
        let places = order.iter().enumerate().filter(|(_, found)| **found == priority);
        places.map(|(place, _)| place).sum::<usize>() / 16
    };
    assert_eq!(order.len(), 48);
    assert!(mean(1) < mean(0) && mean(0) < mean(-1), "{order:?}");
}

async fn many_events_are_told_once_each(backend: JobBackend) {
    let tally = Tally::default();
    let counted = tally.clone();
    let app = TestApp::start_working_with(carried_by(backend), move |_, _| {
        Handlers::new().listen(
            "ear",
            |_| true,
            move |told: Occurrence| {
                counted.add(&told.id.to_string());
                async { Ok(()) }
            },
        )
    })
    .await;
    for _ in 0..10 {
        let mut tx = app.app.db.begin().await.unwrap();
        for _ in 0..50 {
            let told = Occurrence::new(app.app.clock.now(), Cause::Server, post());
            jobs::publish(&mut tx, &told).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    app.settled().await;
    assert_eq!(tally.len(), 500);
    assert!(tally.0.lock().unwrap().values().all(|times| *times == 1));
}

/// What the outbox is told of, by its name.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_do_is_told() {
    let told = Tally::default();
    let heard = told.clone();
    let app = TestApp::start_working(move |_, _| {
        Handlers::new().listen(
            "ear",
            |_| true,
            move |occurrence: Occurrence| {
                let event = serde_json::to_value(occurrence.event).unwrap();
                for (name, fields) in event.as_object().unwrap() {
                    let edited = if fields["edited"] == true { " again" } else { "" };
                    assert!(occurrence.actor.is_some());
                    heard.add(&format!("{name}{edited}"));
                }
                async { Ok(()) }
            },
        )
    })
    .await;
    let (admin, ada) = (app.admin("boss").await, app.member("ada").await);
    policy::enforce_first_letter(&admin, "wait").await;
    let thread = forum::post(&app, &ada, "A thread").await;
    let comment = forum::comment(&app, &ada, &thread, "Fine").await;
    let path = format!("/comments/{}", forum::id(&comment));
    ada.patch(&path, json!({"body": "Finer"})).await.expect(200);
    ada.patch(&path, json!({"body": "Held"})).await.expect(202);
    forum::try_comment(&app, &ada, (&thread, None), "Held").await.expect(202);
    forum::try_comment(&app, &ada, (&thread, None), "Rejected").await;
    for resolution in ["approve", "remove"] {
        let item = &admin.get("/review-items").await.expect(200)["items"][0];
        let path = format!("/review-items/{}/resolutions", forum::id(item));
        admin.post(&path, json!({"resolution": resolution})).await.expect(201);
    }
    ada.delete(&path).await;
    app.settled().await;
    let told = told.0.lock().unwrap().clone();
    let expected = [
        ("account_registered", 1),
        ("content_approved", 1),
        ("content_held", 2),
        ("content_published", 2),
        ("content_published again", 1),
        ("content_removed", 2),
        ("decision_overridden", 1),
        ("mod_action_applied", 2),
        ("review_item_resolved", 2),
    ];
    assert_eq!(told, expected.map(|(name, times)| (name.to_owned(), times)).into());
}
