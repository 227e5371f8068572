//! Why a component cannot become active, told to the one who uploaded it.

use serde::{Deserialize, Serialize};

/// What stands between a component and its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadCode {
    /// Not WebAssembly, or a core module.
    NotAComponent,
    /// A component with errors in it.
    InvalidComponent,
    /// Larger than the server takes.
    TooLarge,
    /// It imports what the server does not offer.
    UnknownImport,
    /// It imports what was not granted.
    NotGranted,
    /// It exports no hook that the server knows.
    NoKnownHook,
    /// An import or export has another type than the contract's.
    WrongType,
    /// Compiling it took more processor time than its size allows.
    CompileCpu,
    /// Compiling it took more memory than its size allows.
    CompileMemory,
    /// Compiling it took too long.
    CompileTime,
    /// The compiler broke down on it.
    CompileCrash,
    /// It cannot be started.
    StartFault,
    /// It says that the settings are wrong.
    ConfigureRefused,
    /// It broke down while taking the settings.
    ConfigureFault,
    /// Other components were being compiled for too long.
    Busy,
    /// The server could not do its part: disk, processes, memory.
    Host,
}

impl LoadCode {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAComponent => "not-a-component",
            Self::InvalidComponent => "invalid-component",
            Self::TooLarge => "too-large",
            Self::UnknownImport => "unknown-import",
            Self::NotGranted => "not-granted",
            Self::NoKnownHook => "no-known-hook",
            Self::WrongType => "wrong-type",
            Self::CompileCpu => "compile-cpu",
            Self::CompileMemory => "compile-memory",
            Self::CompileTime => "compile-time",
            Self::CompileCrash => "compile-crash",
            Self::StartFault => "start-fault",
            Self::ConfigureRefused => "configure-refused",
            Self::ConfigureFault => "configure-fault",
            Self::Busy => "busy",
            Self::Host => "host",
        }
    }
}

/// A component that cannot become active, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct LoadError {
    /// What stands in the way.
    pub code: LoadCode,
    /// For people: what is wrong and what to do about it.
    pub message: String,
    /// What the server expected, where that can be said.
    pub expected: Option<String>,
    /// What it found instead.
    pub found: Option<String>,
}

impl LoadError {
    pub(super) fn new(code: LoadCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), expected: None, found: None }
    }

    pub(super) fn mismatch(
        code: LoadCode,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            expected: Some(expected.into()),
            found: Some(found.into()),
            ..Self::new(code, message)
        }
    }

    /// The server's own failure, not the component's.
    pub(super) fn host(what: &str, error: impl std::fmt::Display) -> Self {
        Self::new(LoadCode::Host, format!("{what}: {error}"))
    }
}
