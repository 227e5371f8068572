//! Gatherly: a forum server whose rules are hot-loaded WebAssembly components.
//! ARCHITECTURE.md is the map.

