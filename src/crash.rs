//! Places at which a test lets the program die as in a power cut (`tests/it/crash`):
//! where a half would be left behind if something were done in the wrong order. Builds
//! that are optimised have no such places.

/// Where to die: `CRASH_AT=commit-done:3` dies when that is done for the third time.
/// `PANIC_AT` panics there.
#[cfg(debug_assertions)]
const VARIABLES: [&str; 2] = ["CRASH_AT", "PANIC_AT"];

/// A place to die at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A transaction is about to be committed.
    CommitDue,
    /// It has been, and nobody knows.
    CommitDone,
    /// What was asked for is done, and not answered.
    AnswerDue,
    /// Jobs have been taken, and not begun.
    JobsTaken,
    /// A job has done what it was to do, and is not noted as done.
    JobDone,
    /// The queue beside the database has not heard what the database says.
    TicketsDue,
    /// Other plugins are bound, and not at work.
    SwapDue,
    /// The file of a picture is there, and its row is not.
    FileKept,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::CommitDue,
        Self::CommitDone,
        Self::AnswerDue,
        Self::JobsTaken,
        Self::JobDone,
        Self::TicketsDue,
        Self::SwapDue,
        Self::FileKept,
    ];

    /// As `CRASH_AT` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CommitDue => "commit-due",
            Self::CommitDone => "commit-done",
            Self::AnswerDue => "answer-due",
            Self::JobsTaken => "jobs-taken",
            Self::JobDone => "job-done",
            Self::TicketsDue => "tickets-due",
            Self::SwapDue => "swap-due",
            Self::FileKept => "file-kept",
        }
    }

    /// Dies here, if it is to.
    ///
    /// # Panics
    ///
    /// Where `PANIC_AT` says so.
    #[cfg(debug_assertions)]
    #[expect(clippy::disallowed_methods, reason = "no setting: nobody is to set it")]
    pub fn pass(self) {
        use std::sync::{
            LazyLock,
            atomic::{AtomicU64, Ordering},
        };

        /// What is to happen, where, and how often this is still passed.
        type At = Option<(&'static str, String, AtomicU64)>;

        static AT: LazyLock<At> = LazyLock::new(|| {
            let set = |variable: &'static str| Some((variable, std::env::var(variable).ok()?));
            let (variable, at) = VARIABLES.into_iter().find_map(set)?;
            let (name, times) = at.split_once(':')?;
            Some((variable, name.to_owned(), AtomicU64::new(times.parse().ok()?)))
        });
        let Some((variable, name, left)) = &*AT else { return };
        if name != self.name() || left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        assert_ne!(*variable, "PANIC_AT", "{name} was passed\nas a test wants it");
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }

    /// Nothing is here.
    #[cfg(not(debug_assertions))]
    #[inline]
    pub fn pass(self) {}
}
