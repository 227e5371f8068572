//! The server's log: lines for people or JSON for machines, on standard error. In a log of
//! JSON every line is an object, whatever wrote it: progress, errors and panics too.

use std::{
    backtrace::Backtrace,
    io::{self, IsTerminal, Write},
    panic::PanicHookInfo,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::Context;
use tracing_subscriber::{EnvFilter, Layer, fmt, prelude::*, registry::LookupSpan};

use crate::{
    base::text::one_line,
    config::{Log, LogFormat},
};

/// Connections that cannot be made: whoever wanted one says so, as a warning.
const SAID_ALREADY: &str = "sqlx_core::pool=off";

/// Whether a log of JSON was started.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Starts logging as the settings say.
pub(super) fn start(settings: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter).context("log.filter")?;
    let filter = filter.add_directive(SAID_ALREADY.parse()?);
    let registry = tracing_subscriber::registry().with(filter);
    match settings.format {
        LogFormat::Text => {
            registry.with(lines(io::stderr, io::stderr().is_terminal())).try_init()?;
        }
        LogFormat::Json => registry
            .with(fmt::layer().json().flatten_event(true).with_writer(io::stderr))
            .try_init()?,
    }
    IS_JSON.store(settings.format == LogFormat::Json, Ordering::Relaxed);
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Whether everything that is written has to be a line of JSON.
fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// Tells people on standard error what a command does.
pub(super) fn tell(message: &str) {
    if is_json() { tracing::info!("{message}") } else { eprintln!("{message}") }
}

/// Tells people on standard error why a command failed.
pub(super) fn fail(error: &anyhow::Error) {
    if is_json() {
        tracing::error!(error = format!("{error:#}"), "failed");
    } else {
        eprintln!("gatherly: {error:#}");
    }
}

/// Prints the result of a command on standard output, where people read it.
pub(super) fn print(text: &str) {
    if is_json() {
        tracing::info!("{}", text.trim());
    } else {
        // Nobody may be reading any more: the server goes on all the same.
        let _ = writeln!(io::stdout(), "{}", text.trim_end());
    }
}

/// Writes a panic as one line of the log.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::force_capture().to_string();
    tracing::error!(panic = message, place, backtrace, "panicked");
}

/// Lines for people: one for each event, whatever words are in it.
fn lines<S, W>(open: impl Fn() -> W + Send + Sync + 'static, has_colours: bool) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    let writer = move || OneLine { to: open(), has_colours };
    fmt::layer().with_ansi(has_colours).with_target(false).with_writer(writer)
}

/// Writes each event on one line. Words of plugins, clients, other servers and
/// names of files reach the log by many ways, errors of libraries among them: this
/// is the one that all of them pass.
struct OneLine<W> {
    to: W,
    has_colours: bool,
}

impl<W: Write> Write for OneLine<W> {
    /// Takes a whole event: the formatter hands over one at a time.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let line = if self.has_colours { coloured_line(text) } else { one_line(text) };
        self.to.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// [`one_line`] of a text with colours: those of the formatter stay.
fn coloured_line(text: &str) -> String {
    let mut pieces = text.split(ESCAPE);
    let mut line = one_line(pieces.next().unwrap_or_default());
    for piece in pieces {
        if COLOURS.iter().any(|colour| piece.starts_with(colour)) {
            line.push(ESCAPE);
            line.push_str(&one_line(piece));
        } else {
            line.push_str(&one_line(&format!("{ESCAPE}{piece}")));
        }
    }
    line
}

/// The character that every colour begins with.
const ESCAPE: char = '\u{1b}';
/// The colours of the formatter: none, bold, dim, italic, and those of the levels.
/// Words can use them too, and do no more harm with them than a colour does.
const COLOURS: [&str; 10] =
    ["[0m", "[1m", "[2m", "[3m", "[31m", "[32m", "[33m", "[34m", "[35m", "[36m"];

#[cfg(test)]
mod tests;
