use std::time::Duration;

use uuid::Uuid;

use super::model::{JobState, retry_delay};

#[test]
fn retries_come_later_each_time() {
    let id = Uuid::from_bytes([0; 16]);
    let series: Vec<u64> = (1..=8).map(|n| retry_delay(id, n).as_secs()).collect();
    assert_eq!(series, [1, 2, 4, 8, 16, 32, 64, 128]);
    assert_eq!(retry_delay(id, 40), Duration::from_mins(15));
}

#[test]
fn what_failed_together_does_not_come_back_together() {
    let delays: Vec<Duration> =
        (0..=255).map(|last| retry_delay(Uuid::from_u128(last), 4)).collect();
    let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
    assert!(*least >= Duration::from_secs(8) && *most < Duration::from_secs(10));
    assert!(*most > *least + Duration::from_secs(1), "{least:?} to {most:?}");
}

#[test]
fn states_have_names() {
    for state in JobState::ALL {
        assert_eq!(JobState::from_stored(state.as_str()), Some(state));
    }
}
