//! A password from standard input: one line of a pipe; at a terminal it is typed twice and
//! not shown.

use std::io::{self, BufRead, IsTerminal, Read};

use anyhow::{Context, bail};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use crate::base::secret::Secret;

/// The character of Ctrl-C.
const INTERRUPT: u8 = 3;
/// Longest line that is read; a terminal's own limit is 4,096.
const LINE_MAX: usize = 4_096;

/// Reads the password of an account.
pub(super) fn password(username: &str) -> anyhow::Result<Secret<String>> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).context("reading the password")?;
        return Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()));
    }
    let password = typed(&format!("Password for {username} (8 to 128 characters): "))?;
    if typed("The same password again: ")?.expose() != password.expose() {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(password)
}

/// A line that is typed at a terminal, and not shown.
fn typed(prompt: &str) -> anyhow::Result<Secret<String>> {
    eprint!("{prompt}");
    let hidden = Hidden::begin().context("hiding the password")?;
    let mut line = Vec::new();
    let mut bytes = [0; LINE_MAX];
    // A terminal gives a line at a time.
    while !line.ends_with(b"\n") && !line.contains(&INTERRUPT) && line.len() < LINE_MAX {
        let read = io::stdin().lock().read(&mut bytes).context("reading the password")?;
        if read == 0 {
            break;
        }
        line.extend(bytes.iter().take(read));
    }
    drop(hidden);
    eprintln!();
    if line.contains(&INTERRUPT) {
        bail!("interrupted; nothing was changed");
    }
    let line = String::from_utf8(line).context("the password is not UTF-8")?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A terminal that shows nothing of what is typed, until this is dropped. Ctrl-C ends the
/// line instead of the process, which would leave the terminal as it is.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn begin() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        modes.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(&stdin, OptionalActions::Flush, &modes)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nobody can be told when it fails.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
