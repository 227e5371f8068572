//! What the host lends a plugin beyond the event: the imports of `wit/host.wit`.
//!
//! An interface is linked only when its grant is there; a component that imports
//! more is refused by name before it comes to that. Answers that are not a pure
//! function of the question go through [`super::answering`]: counted, and kept in
//! the transcript or taken from it.

mod compiling;
mod forum;
mod http;
mod overlay;
mod regex;
mod state;
mod text;
pub(super) mod wasi;
mod work;

use wasmtime::component::Linker;

pub(super) use work::Meter;

use super::{
    contract::{FORUM, HTTP, STATE, TEXT},
    grants::{Grants, Import},
    sandbox::Guest,
};

/// What a call has used of what is counted for the whole call.
#[derive(Default)]
pub(super) struct Used {
    /// Requests to other servers.
    requests: u32,
    /// What an interpreter finds in place of an operating system, once it looks.
    wasi: Option<Box<wasi::Closed>>,
}

/// Links one interface by its name.
type Link = fn(&mut Linker<Guest>, &str) -> wasmtime::Result<()>;

/// Links what these grants cover.
pub(super) fn link(linker: &mut Linker<Guest>, grants: &Grants) -> wasmtime::Result<()> {
    for import in Import::ALL.into_iter().filter(|import| grants.import(*import)) {
        let (interfaces, link): ([&str; 2], Link) = match import {
            Import::State => (STATE, state::link),
            Import::Text => (TEXT, text::link),
            Import::Forum => (FORUM, forum::link),
            Import::Http => (HTTP, http::link),
        };
        for interface in interfaces {
            link(linker, interface)?;
        }
    }
    Ok(())
}
