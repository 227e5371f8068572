//! Contract of `schedule.tick`.

use gatherly::hooks::{Tick, Verdict};

use super::contract::{plain, show};

#[tokio::test]
async fn the_guest_sees_it_and_each_answer_comes_through() {
    // A tick has no text; the guest shows the name of its event.
    let tick = Tick { previous: Some(1_760_000_000_000) };
    show(&tick, (0, 4), "event", &[plain(0, Verdict::Allow)]).await;
}
