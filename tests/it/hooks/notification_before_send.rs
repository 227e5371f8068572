//! Contract of `notification.before-send`.

use gatherly::hooks::{
    Channel, Feature, HookPoint, Notification, NotificationKind, NotificationPatch, Patch, Verdict,
};

use super::{
    bench::{Bench, context},
    contract::{ask, guest, modify, number, plain, show, text},
};

fn notification() -> Notification {
    Notification {
        id: "notification".to_owned(),
        kind: NotificationKind::Reply,
        channel: Channel::InApp,
        recipient: context().actor.expect("there is one"),
        utc_offset: 60,
        values: vec![Feature { name: "name".to_owned(), value: "mina".to_owned() }],
        delay: None,
    }
}

/// Waits an hour, and another value.
fn changes() -> String {
    format!(
        "(i32.store8 (i32.const 1032) (i32.const 1)) {}
         {} {} {}",
        number(1040, 3_600_000),
        text(1052, 1792, 1),
        text(1792, 2144, 4),
        text(1800, 2128, 7),
    )
}

fn patch() -> Patch {
    let value = Feature { name: "name".to_owned(), value: "changed".to_owned() };
    Patch::Notification(NotificationPatch {
        delay: Some(3_600_000),
        channel: None,
        values: vec![value],
    })
}

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    let suppress = format!("{} {}", plain(2, Verdict::Reject).0, text(1032, 2048, 7));
    let cases = [
        plain(0, Verdict::Allow),
        modify(1, &changes(), patch()),
        (suppress, Verdict::Reject, None),
    ];
    show(&notification(), (128, 132), "notification", &cases).await;
}

#[tokio::test]
async fn what_the_guest_changes_is_what_is_sent() {
    let bench = Bench::new();
    let code = modify(1, &changes(), patch()).0;
    let guest = guest(HookPoint::NotificationBeforeSend, &code, (0, 4));
    let sent = ask(&bench, &guest, &notification()).await.subject;
    assert_eq!((sent.delay, sent.channel), (Some(3_600_000), Channel::InApp));
    assert_eq!(sent.values[0].value, "changed");
    let mut other = notification();
    other.values.clear();
    let outcome = ask(&bench, &guest, &other).await;
    assert!(!outcome.modified, "a value that is not there cannot be changed");
}
