//! `/warnings`.
