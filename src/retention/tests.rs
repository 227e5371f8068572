//! The document says what the table says.

use std::time::Duration;

use super::{Keep, model::Kind, render};

#[test]
fn each_kind_is_a_line_with_its_time() {
    let kind = |keep| Kind { what: "Words", columns: &["a.b", "a.c"], keep, why: "So." };
    let told = |keep| render(&[kind(keep)]).lines().last().unwrap_or_default().to_owned();
    let line = |time: &str| format!("| Words | `a.b`, `a.c` | {time} | So. |");
    assert_eq!(told(Keep::Account), line("Until the account is closed"));
    assert_eq!(told(Keep::For(Duration::from_hours(24))), line("24 hours"));
    assert_eq!(told(Keep::For(Duration::from_hours(72))), line("3 days"));
    assert_eq!(told(Keep::Days("a.days")), line("As many days as `a.days` says"));
    assert_eq!(told(Keep::While("it is there")), line("As long as it is there"));
    assert_eq!(told(Keep::Always), line("Not erased"));
}
