//! The same program started again, so that the processor time of the server's
//! process is the server's alone.

use std::{
    io::{stdin, stdout},
    process::{ExitCode, Stdio},
};

use gatherly::hooks::{COMPILE_COMMAND, run_compile_child};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{io::AsyncWriteExt, process::Command};

/// Measures, unless the program was started to compile for the host, or with
/// `command` to be the load.
pub(super) fn run<F: Future<Output = ()>>(
    (command, load): (&str, fn()),
    measure: impl FnOnce() -> F,
) -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next() {
        Some(first) if first == COMPILE_COMMAND => {
            let length = arguments.next().and_then(|length| length.parse().ok());
            return run_compile_child(length.unwrap_or(0));
        }
        Some(first) if first == command => load(),
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            runtime.expect("a runtime").block_on(measure());
        }
    }
    ExitCode::SUCCESS
}

/// Lets a child do what `command` stands for.
pub(super) async fn ask<Told: DeserializeOwned>(command: &str, asked: &impl Serialize) -> Told {
    let program = std::env::current_exe().expect("its own path");
    let mut child = Command::new(program)
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let asked = serde_json::to_vec(asked).expect("it can be told");
    child.stdin.take().expect("a pipe").write_all(&asked).await.expect("the child listens");
    let output = child.wait_with_output().await.expect("the child ends");
    serde_json::from_slice(&output.stdout).expect("the child tells what it did")
}

/// The child's part.
pub(super) fn answer<Asked: DeserializeOwned, Told: Serialize>(
    work: impl AsyncFnOnce(Asked) -> Told,
) {
    let asked = serde_json::from_reader(stdin()).expect("something to do");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let told = runtime.expect("a runtime").block_on(work(asked));
    serde_json::to_writer(stdout(), &told).expect("somebody listens");
}
