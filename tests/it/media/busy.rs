//! Many uploads at once: nobody waits for work that needs no place, and no account
//! has all places.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use super::{files::png, picture, try_upload};
use crate::support::TestApp;

/// A picture that takes seconds.
fn large() -> Vec<u8> {
    png(2_400, 1_600)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_picture_is_refused_while_all_places_are_taken() {
    let app = TestApp::start_with(|config| config.media.decode_concurrency = 1).await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (large, svg) = (large(), b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    let refused = async {
        sleep(Duration::from_millis(300)).await;
        try_upload(&ada, svg).await
    };
    tokio::select! {
        biased;
        refused = refused => refused.expect_invalid(&[("picture", "type")]),
        _ = try_upload(&eve, &large) => panic!("the place was free before the answer"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_does_not_hold_all_places() {
    let app = TestApp::start_with(|config| config.media.decode_concurrency = 2).await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let large = large();
    let taken = async {
        sleep(Duration::from_millis(300)).await;
        try_upload(&ada, &picture()).await
    };
    let mut all = Box::pin(join_all((0..3).map(|_| try_upload(&eve, &large))));
    tokio::select! {
        biased;
        taken = taken => taken.expect(201),
        _ = &mut all => panic!("the places were free before the answer"),
    };
    // Of the others, those are told to come back whose turn does not come in time.
    for reply in all.await {
        if reply.status != 201 {
            reply.expect_problem(429, "busy");
        }
    }
}
