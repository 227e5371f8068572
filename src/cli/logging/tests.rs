//! Each event is one line, whatever is in it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::*;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text of a log after `events`.
fn logged(has_colours: bool, events: impl FnOnce()) -> String {
    let kept = Kept::default();
    let writer = kept.clone();
    let layer = lines(move || writer.clone(), has_colours);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), events);
    String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
}

const FORGED: &str = "hi\n2026-11-30T00:00:00Z ERROR forged\r\u{1b}[2K\u{2028}\u{202e}end";

#[test]
fn an_event_is_one_line_whatever_words_it_carries() {
    for has_colours in [false, true] {
        let log = logged(has_colours, || {
            tracing::info!("plugin: {FORGED}");
            tracing::warn!(error = %FORGED, path = FORGED, "failed to read");
            let span = tracing::info_span!("request", id = %FORGED);
            span.in_scope(|| tracing::error!(error = %io::Error::other(FORGED), "failed"));
        });
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines.len(), 3, "{log}");
        assert!(!log.contains(['\r', '\u{2028}', '\u{202e}']), "{log:?}");
        assert!(!log.contains("\u{1b}[2K"), "{log:?}");
        assert!(lines.iter().all(|line| line.contains(r"hi\n2026-11-30T00:00:00Z")), "{log}");
    }
}

#[test]
fn colours_stay_where_they_are_shown() {
    assert!(logged(true, || tracing::info!("started")).contains("\u{1b}["));
    assert!(!logged(false, || tracing::info!("started")).contains('\u{1b}'));
}
