//! Each way that a child can end has its name.

use super::*;

fn ended(signal: Signal, stderr: &str) -> LoadCode {
    let status = ExitStatus::from_raw(signal.as_raw());
    let ended = Ended { status, answer: Vec::new(), stderr: stderr.to_owned() };
    ended.report(1).unwrap_err().code
}

#[test]
fn a_child_that_was_stopped_is_told_apart_from_one_that_broke() {
    assert_eq!(ended(Signal::XCPU, ""), LoadCode::CompileCpu);
    let no_memory = "memory allocation of 98304 bytes failed\n";
    assert_eq!(ended(Signal::ABORT, no_memory), LoadCode::CompileMemory);
    assert_eq!(ended(Signal::ABORT, "thread has overflowed its stack"), LoadCode::CompileCrash);
    assert_eq!(ended(Signal::SEGV, ""), LoadCode::CompileCrash);
    assert_eq!(ended(Signal::KILL, ""), LoadCode::CompileCrash);
}

#[test]
fn an_answer_that_is_none_is_the_servers_failure() {
    let ended = |answer: &[u8]| {
        let status = ExitStatus::from_raw(0);
        Ended { status, answer: answer.to_vec(), stderr: String::new() }.report(1)
    };
    assert_eq!(ended(b"").unwrap_err().code, LoadCode::Host);
    assert_eq!(ended(b"{\"Ok\": {}}").unwrap_err().code, LoadCode::Host);
    let refusal = LoadError::new(LoadCode::NotAComponent, "no");
    let answer: crate::hooks::compile::Answer = Err(refusal.clone());
    assert_eq!(ended(&serde_json::to_vec(&answer).unwrap()).unwrap_err(), refusal);
}

#[tokio::test]
async fn a_child_that_works_goes_on_and_one_that_waits_is_stopped() {
    let window = Duration::from_millis(400);
    let mut sleeper = Command::new("sleep").arg("60").kill_on_drop(true).spawn().unwrap();
    stalls(sleeper.id(), window).await;
    sleeper.kill().await.unwrap();

    let mut worker =
        Command::new("sh").args(["-c", "while :; do :; done"]).kill_on_drop(true).spawn().unwrap();
    let stalled = timeout(window * 4, stalls(worker.id(), window)).await;
    worker.kill().await.unwrap();
    assert!(stalled.is_err(), "it had its share of a core all the time");
}
