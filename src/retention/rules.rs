//! The table of retention as a document, and where the time of a kind begins. Pure.

use std::{fmt::Write, time::Duration};

use super::model::{Keep, Kind};

/// What stands before the table.
const HEAD: &str = "\
# How long data is kept

This file is made from `src/retention/model.rs`, and a test compares the two:
`UPDATE=1 cargo test --test it retention` writes it anew. Settings stand in
`gatherly.toml`.

Closing an account erases at once its name, addresses, password, biography, pictures,
mails, what plugins remember of it, and what they were asked about it. Its posts and
comments stay, under a name that says nothing, unless their author deleted them.

On SQLite, erased words are overwritten in the file (`secure_delete`, in the index of
full text as well), and the write-ahead log is truncated after each round that erased
something. Backups keep what they have: delete them after the longest time below that
you promise.

| What | Where | How long | Why |
|---|---|---|---|
";

/// The document about a table of retention.
pub fn render(table: &[Kind]) -> String {
    let mut text = HEAD.to_owned();
    for Kind { what, columns, keep, why } in table {
        let columns: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {what} | {} | {} | {why} |", columns.join(", "), told(*keep));
    }
    text
}

fn told(keep: Keep) -> String {
    match keep {
        Keep::Account => "Until the account is closed".to_owned(),
        Keep::For(time) => span(time),
        Keep::Days(setting) => format!("As many days as `{setting}` says"),
        Keep::While(what) => format!("As long as {what}"),
        Keep::Always => "Not erased".to_owned(),
    }
}

fn span(time: Duration) -> String {
    let hours = time.as_secs() / 3_600;
    if hours > 24 && hours.is_multiple_of(24) {
        return format!("{} days", hours / 24);
    }
    format!("{hours} hours")
}
