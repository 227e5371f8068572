//! The `gatherly` command; see `gatherly::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gatherly::cli::run()
}
