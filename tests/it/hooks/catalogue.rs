//! Every hook is complete: a row, an interface with words about it, a place
//! where it is asked, a contract test; and `wit/README.md` says what is so.

use std::{fmt::Write, fs, path::PathBuf};

use gatherly::hooks::catalogue::{CATALOGUE, Row};
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

#[test]
fn every_hook_has_an_interface_a_call_site_and_a_test() {
    let resolve = contract();
    for row in &CATALOGUE {
        let interface = interface(&resolve, row);
        let decide = interface.functions.get("decide");
        let decide = decide.unwrap_or_else(|| panic!("{} has no `decide` in wit/", row.name));
        assert!(decide.docs.contents.is_some(), "`decide` of {} has no docs", row.name);
        assert!(!row.doc.is_empty() && !row.failure_modes.is_empty() && !row.verdicts.is_empty());
        let function = row.name.replace(['.', '-'], "_");
        let test = root().join(format!("tests/it/hooks/{function}.rs"));
        assert!(test.is_file(), "{} has no contract test {}", row.name, test.display());
        let asks = format!(".{function}(");
        let features = fs::read_dir(root().join("src")).expect("src/ can be read").flatten();
        let mut services = features.map(|feature| feature.path().join("service.rs"));
        let is_asked =
            services.any(|file| fs::read_to_string(file).is_ok_and(|text| text.contains(&asks)));
        assert!(is_asked, "no service.rs asks {}", row.name);
    }
}

#[test]
fn every_interface_that_decides_is_in_the_catalogue() {
    for (_, interface) in &contract().interfaces {
        let name = interface.name.as_deref().unwrap_or_default();
        let known = CATALOGUE.iter().any(|row| row.interface.contains(&format!("/{name}@")));
        assert_eq!(known, interface.functions.contains_key("decide"), "interface {name}");
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
        let verdicts: Vec<&str> = row.verdicts.iter().map(|verdict| verdict.as_str()).collect();
        let modes: Vec<&str> = row.failure_modes.iter().map(|mode| mode.as_str()).collect();
        let about = interface(&resolve, row).docs.contents.as_deref().unwrap_or_default();
        write!(
            text,
            "\n## `{}`\n\n{} {}\n\n- Interface: `{}`\n- Verdicts: {}\n- When the plugin fails: {} \
             (the first unless the binding says otherwise)\n",
            row.name,
            about.trim(),
            row.doc,
            row.interface,
            verdicts.join(", "),
            modes.join(", "),
        )
        .expect("a string takes all");
    }
    text
}

const HEAD: &str = "# The plugin contract

<!-- Written by the tests from src/hooks/catalogue.rs and these files. -->

A plugin is a WebAssembly component that exports the interfaces of the hooks it
wants, and `lifecycle` when it has settings. The server looks each export up by
name when the plugin is loaded; what is not exported is not asked. A plugin may
import `log` and nothing else: it has no files, no network, no clock but the
event's time, and no memory of earlier calls, for every call starts from the
memory that `configure` left behind.

Within a version records and interfaces do not change. What is new comes as a
new interface or a new version of the package, and what is old goes on.

Whatever goes wrong in a plugin (a trap, too much time or memory, an answer that
makes no sense) is answered by the failure mode of its binding: `open` goes on
as if there were no plugin, `closed` refuses for now, `hold` leaves it to a
moderator. All plugins asked about one event share one deadline.

Bindings that may modify are asked first, in the order of their priority, each
seeing what the one before made of it; then the others, side by side. The
strictest verdict wins: reject, hold, modify, annotate, allow.
";
