//! Every hook is complete: a row, an interface with words about it, a place
//! where it is asked, a contract test; and `wit/README.md` says what is so.

use std::{fmt::Write, fs, path::PathBuf};

use gatherly::hooks::{
    HookKind, HookPoint,
    catalogue::{CATALOGUE, Row},
};
use wit_parser::{Interface, Resolve};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The hook's interface in `wit/`.
fn interface<'a>(resolve: &'a Resolve, row: &Row) -> &'a Interface {
    let name = row.interface.trim_start_matches("gatherly:plugin/").split('@').next();
    let found = resolve.interfaces.iter().find(|(_, interface)| interface.name.as_deref() == name);
    found.unwrap_or_else(|| panic!("{} has no interface in wit/", row.name)).1
}

fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_path(root().join("wit")).expect("wit/ parses");
    resolve
}

/// Hooks that no feature asks yet. The list only gets shorter.
const TO_COME: &[HookPoint] = &[];

/// The type that a feature asks with.
fn subject(hook: HookPoint) -> &'static str {
    match hook {
        HookPoint::AccountBeforeRegister => "Registration",
        HookPoint::AccountAfterRegister => "Registered",
        HookPoint::ContentBeforePublish => "Content",
        HookPoint::ContentAfterPublish => "Published",
        HookPoint::ContentAfterRemove => "Removed",
        HookPoint::VoteBeforeCast => "Vote",
        HookPoint::MediaBeforeAttach => "Media",
        HookPoint::BanDecide => "Proposal",
        HookPoint::ModActionBeforeApply => "Action",
        HookPoint::ModActionApplied => "Applied",
        HookPoint::ReportBeforeCreate => "Report",
        HookPoint::ReportCreated => "Created",
        HookPoint::NotificationBeforeSend => "Notification",
        HookPoint::AppealSubmitted => "Appeal",
        HookPoint::DecisionOverridden => "Overridden",
        HookPoint::ScheduleTick => "Tick",
    }
}

/// Whether a feature takes the subject of this hook from the host.
fn is_asked(hook: HookPoint, features: &[String]) -> bool {
    let is_word = |words: &str| {
        words.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == subject(hook))
    };
    features.iter().any(|text| {
        text.split("hooks::").skip(1).any(|rest| match rest.strip_prefix('{') {
            Some(list) => is_word(list.split('}').next().unwrap_or_default()),
            None => is_word(rest.split(['(', ')', ' ', ';', ',', '<']).next().unwrap_or_default()),
        })
    })
}

/// The text of every file that may ask: all but the host, the command line and
/// tests.
fn features() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it can be read").flatten() {
            let path = entry.path();
            let is = |name| path.ends_with(name);
            if path.is_dir() && !is("src/hooks") && !is("src/cli") {
                folders.push(path);
            } else if path.is_file() && !is("tests.rs") {
                found.push(fs::read_to_string(path).expect("it is text"));
            }
        }
    }
    found
}

#[test]
fn every_hook_has_an_interface_a_call_site_and_a_test() {
    let (resolve, features) = (contract(), features());
    for (place, row) in CATALOGUE.iter().enumerate() {
        let interface = interface(&resolve, row);
        let (name, word) = (row.name, row.function());
        let function = interface.functions.get(word);
        let function = function.unwrap_or_else(|| panic!("{name} has no `{word}` in wit/"));
        assert!(function.docs.contents.is_some(), "`{word}` of {name} has no docs");
        assert!(!row.doc.is_empty() && !row.failure_modes.is_empty() && !row.verdicts.is_empty());
        assert_eq!(CATALOGUE.iter().position(|other| other.point.row().name == name), Some(place));
        assert_eq!(HookPoint::parse(name), Some(row.point));
        assert_eq!(serde_json::to_value(row.point).expect("a word"), name);
        let test = root().join(format!("tests/it/hooks/{}.rs", name.replace(['.', '-'], "_")));
        assert!(test.is_file(), "{name} has no contract test {}", test.display());
        let is_to_come = TO_COME.contains(&row.point);
        assert!(is_to_come || is_asked(row.point, &features), "{name} is asked by no feature");
    }
}

#[test]
fn every_hooks_interface_is_in_the_catalogue() {
    for (_, interface) in &contract().interfaces {
        let name = interface.name.as_deref().unwrap_or_default();
        let known = CATALOGUE.iter().any(|row| row.interface.contains(&format!("/{name}@")));
        let is_hook =
            ["decide", "handle"].iter().any(|word| interface.functions.contains_key(*word));
        assert_eq!(known, is_hook, "interface {name}");
    }
}

#[test]
fn the_readme_of_the_contract_tells_the_catalogue() {
    let file = root().join("wit/README.md");
    let (found, expected) = (fs::read_to_string(&file).unwrap_or_default(), readme());
    if found != expected {
        fs::write(&file, expected).expect("it can be written");
        panic!(
            "wit/README.md was not what the catalogue says; it is now: look at it and commit it"
        );
    }
}

fn readme() -> String {
    let mut text = String::from(HEAD);
    let resolve = contract();
    for row in &CATALOGUE {
        let about = interface(&resolve, row).docs.contents.as_deref().unwrap_or_default();
        let (name, doc, interface) = (row.name, row.doc, row.interface);
        let about = match about.trim() {
            about if about == doc => String::new(),
            about => format!("{about} "),
        };
        write!(text, "\n## `{name}`\n\n{about}{doc}\n\n- Interface: `{interface}`\n")
            .expect("a string takes all");
        if row.kind == HookKind::Deciding {
            let verdicts: Vec<&str> = row.verdicts.iter().map(|verdict| verdict.as_str()).collect();
            let modes: Vec<&str> = row.failure_modes.iter().map(|mode| mode.as_str()).collect();
            let default =
                if modes.len() > 1 { " (the first unless the binding says otherwise)" } else { "" };
            let (verdicts, modes) = (verdicts.join(", "), modes.join(", "));
            write!(
                text,
                "- Verdicts, as recorded: {verdicts}\n- When the plugin fails: {modes}{default}\n"
            )
            .expect("a string takes all");
        }
    }
    text
}

const HEAD: &str = "# The plugin contract

<!-- Written by the tests from src/hooks/catalogue.rs and these files. -->

A plugin is a WebAssembly component that exports the interfaces of the hooks it
wants, and `lifecycle` when it has settings. The server looks each export up by
name when the plugin is loaded; what is not exported is not asked. Every call
starts from the memory that `configure` left behind: nothing of one call is left
for the next.

Hooks with `decide` are asked before something happens, and their verdict counts.
Hooks with `handle` are told afterwards, at least once for each event; the same
event has the same id. Both say why (evidence) and what else is to be done
(effects), which the server does only as far as an admin granted it.

Every call is given the event, and a handle to ask more about it. A plugin may
import `log`, and what it was granted of `state`, `text`, `forum` and `http`; an
import that was not granted is not linked, and the plugin is not loaded. It has no
files, no sockets and no clock but the event's time. WASI is there for languages
that need it, and closed: it tells the event's time, and random numbers that are
the same for the same event.

Within a version records and interfaces do not change: `versions.txt` has a line
for each version, and a test compares. What is new comes as a method of
`event-context`, as a new interface or as a new version of the package, and what
is old goes on: this server speaks 0.1, 0.2 and 0.3. Since 0.3 a hook that is
given content reads its body as readers see it, with the targets of its links
and pictures: `event-context.rendered`.

Whatever goes wrong in a plugin (a trap, too much time or memory, an answer that
makes no sense) is answered by the failure mode of its binding: `open` goes on
as if there were no plugin, `closed` refuses for now, `hold` leaves it to a
moderator. All plugins asked about one event share one deadline. A binding that
fails five times in a row, or 20 times in a hundred calls, is not asked for a
while; its failure mode holds then.

Bindings that may modify are asked first, in the order of their priority, each
seeing what the one before made of it; then the others, side by side. The
strictest verdict wins: reject, hold, modify, annotate, allow.
";
