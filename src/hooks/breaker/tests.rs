//! When a binding is asked and when it is not.

use super::*;

const HOOK: HookPoint = HookPoint::VoteBeforeCast;

fn trap() -> Fault {
    Fault::new(FaultKind::Trap, "unreachable")
}

fn call(breaker: &Breaker, fault: Option<&Fault>) -> bool {
    let pass = breaker.pass(HOOK);
    let asked = pass.is_ok();
    if let Ok(pass) = pass {
        pass.ended(fault);
    }
    asked
}

#[test]
fn five_in_a_row_open_it_and_a_good_probe_closes_it() {
    let (mut record, now) = (Record::NEW, Instant::now());
    for _ in 0..4 {
        record.add(Some(&trap()), false, now);
    }
    record.add(None, false, now);
    assert_eq!(record.leave(now), Leave::Call, "a call that works starts the row anew");
    for _ in 0..5 {
        assert_eq!(record.leave(now), Leave::Call);
        record.add(Some(&trap()), false, now);
    }
    assert_eq!(record.leave(now), Leave::None, "it is not asked");
    let later = now + FIRST_WAIT;
    assert_eq!(record.leave(later), Leave::Probe);
    assert_eq!(record.leave(later), Leave::None, "one probe and no more");
    record.add(None, true, later);
    assert_eq!((record.leave(later), record.faults()), (Leave::Call, 0));
}

#[test]
fn each_bad_probe_doubles_the_wait_up_to_five_minutes() {
    let (mut record, mut now) = (Record::NEW, Instant::now());
    for _ in 0..5 {
        record.add(Some(&trap()), false, now);
    }
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        let end = now + Duration::from_secs(seconds);
        let before = end.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(record.leave(before), Leave::None, "before {seconds} s");
        assert_eq!(record.leave(end), Leave::Probe, "after {seconds} s");
        record.add(Some(&trap()), true, end);
        now = end;
    }
}

#[test]
fn a_probe_that_was_broken_off_leaves_its_place() {
    let breakers = Breakers::new();
    let breaker = breakers.of(Uuid::nil(), 1, "test");
    for _ in 0..5 {
        call(&breaker, Some(&trap()));
    }
    if let Some(open) = &mut lock(&breaker.hooks[HOOK.index()]).open {
        open.until = Instant::now();
    }
    let probe = breaker.pass(HOOK).ok().unwrap();
    assert!(breaker.pass(HOOK).is_err());
    drop(probe);
    assert!(call(&breaker, None));
    assert!(call(&breaker, None), "closed again");
}

#[test]
fn twenty_of_the_last_hundred_open_it() {
    let breakers = Breakers::new();
    let breaker = breakers.of(Uuid::nil(), 1, "test");
    for number in 0..99 {
        assert!(call(&breaker, (number % 5 == 0).then(trap).as_ref()), "call {number}");
    }
    assert!(call(&breaker, None));
    assert!(call(&breaker, Some(&trap())));
    assert!(!call(&breaker, None), "20 of 100");
}

#[test]
fn what_is_not_the_plugins_doing_does_not_count() {
    let breakers = Breakers::new();
    let breaker = breakers.of(Uuid::nil(), 1, "test");
    for kind in [FaultKind::Overload, FaultKind::Host, FaultKind::NotLoaded] {
        for _ in 0..20 {
            assert!(call(&breaker, Some(&Fault::new(kind, "not its doing"))));
        }
    }
    assert_eq!(breakers.states(), []);
}

#[test]
fn an_admin_stops_it_and_lets_it_go_on() {
    let breakers = Breakers::new();
    assert!(!breakers.set(Uuid::nil(), true), "there is none");
    let breaker = breakers.of(Uuid::nil(), 1, "test");
    let changes = breakers.changes();
    assert!(breakers.set(Uuid::nil(), true));
    assert!(changes.has_changed().expect("it lives"), "whoever watches is told");
    assert!(!call(&breaker, None));
    let renewed = breakers.of(Uuid::nil(), 2, "test");
    assert!(!call(&renewed, None), "a new revision does not end it");
    breakers.set(Uuid::nil(), false);
    assert!(call(&renewed, None));
    for _ in 0..5 {
        call(&renewed, Some(&trap()));
    }
    assert!(!call(&renewed, None));
    breakers.set(Uuid::nil(), false);
    assert!(call(&renewed, None), "an admin ends any quarantine");
}

#[test]
fn a_new_revision_starts_anew_and_a_reload_does_not() {
    let breakers = Breakers::new();
    let first = breakers.of(Uuid::nil(), 1, "test");
    for _ in 0..5 {
        call(&first, Some(&trap()));
    }
    assert!(!call(&breakers.of(Uuid::nil(), 1, "test"), None));
    assert!(call(&breakers.of(Uuid::nil(), 2, "test"), None));
    breakers.keep(|_| false);
    assert_eq!(breakers.states(), []);
}
