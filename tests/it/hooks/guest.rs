//! Small components written as text: the core module of each is given, the
//! contract's types come from `wit/`, so these guests are what any language's
//! tools would make.

use std::{path::Path, sync::Arc};

use gatherly::hooks::catalogue::CATALOGUE;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Offsets in what `content-before-publish` is given: pointer and length of the body.
pub(crate) const BODY: (u32, u32) = (172, 176);

/// A component of a core module, with this world's imports and exports.
pub(crate) fn component(world: &str, core: &str) -> Arc<[u8]> {
    component_with(&[], world, core)
}

/// The same, where the world also speaks of these packages.
pub(crate) fn component_with(packages: &[&str], world: &str, core: &str) -> Arc<[u8]> {
    let mut resolve = Resolve::default();
    resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).expect("wit/ parses");
    for package in packages {
        resolve.push_str("package.wit", package).expect("the package parses");
    }
    let package = resolve
        .push_str("guest.wit", &format!("package test:guest; world guest {{ {world} }}"))
        .expect("the world parses");
    let world = resolve.select_world(&[package], Some("guest")).expect("the world is there");
    let mut module = wat::parse_str(core).expect("the module parses");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("types are embedded");
    let mut encoder = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .expect("the module fits its world");
    encoder.encode().expect("a component is made").into()
}

/// World of a guest that only judges content.
pub(crate) const CONTENT: &str = "export gatherly:plugin/content-before-publish@0.3.0;";

/// A guest that judges content with this function body: it has the arguments'
/// address in `$in` and leaves the address of a decision.
pub(crate) fn content(decide: &str) -> Arc<[u8]> {
    component(CONTENT, &core("content-before-publish", decide, ""))
}

/// The core module of a guest with one hook. It lets go of the handle that it is
/// given, as every guest must.
pub(crate) fn core(interface: &str, decide: &str, more: &str) -> String {
    let row = CATALOGUE.iter().find(|row| row.interface.contains(&format!("/{interface}@")));
    let function = row.expect("it is a hook").function();
    format!(
        r#"(module
          (import "gatherly:plugin/event@0.3.0" "[resource-drop]event-context" (func $drop (param i32)))
          (memory (export "memory") 2)
          (global $heap (mut i32) (i32.const 4096))
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
            (global.set $heap (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
          {more}
          (func $judge (param $in i32) (result i32)
            {decide})
          (func (export "gatherly:plugin/{interface}@0.3.0#{function}") (param $in i32) (result i32)
            (local $out i32)
            (local.set $out (call $judge (local.get $in)))
            (call $drop (i32.load offset=120 (local.get $in)))
            (local.get $out)))"#
    )
}

/// Body of a function that answers `case` of the verdict (0 is allow) with a text.
pub(crate) fn answer(case: u8, text: &str) -> String {
    // A decision is at 1024 and its text at 2048, both put there by code: data
    // would be outside of the function.
    let store = |(at, byte)| format!("(i32.store8 (i32.const {}) (i32.const {byte}))", 2048 + at);
    let stores = text.bytes().enumerate().map(store).collect::<Vec<String>>().join("\n");
    format!(
        "{stores}
         (i32.store8 (i32.const 1024) (i32.const {case}))
         (i32.store (i32.const 1028) (i32.const 2048))
         (i32.store (i32.const 1032) (i32.const {}))
         (i32.const 1024)",
        text.len()
    )
}

/// Body of a function that answers `case` with a text of its input, whose
/// pointer and length stand at these offsets.
pub(crate) fn echo(case: u8, (pointer, length): (u32, u32)) -> String {
    format!(
        "(i32.store8 (i32.const 1024) (i32.const {case}))
         (i32.store (i32.const 1028) (i32.load offset={pointer} (local.get $in)))
         (i32.store (i32.const 1032) (i32.load offset={length} (local.get $in)))
         (i32.const 1024)"
    )
}

/// Body of a function that answers `modify` with a new body: the old one without
/// its first byte.
pub(crate) const SHORTEN: &str = "
    (i32.store8 (i32.const 1024) (i32.const 2))
    (i32.store8 (i32.const 1040) (i32.const 1))
    (i32.store (i32.const 1044) (i32.add (i32.load offset=172 (local.get $in)) (i32.const 1)))
    (i32.store (i32.const 1048) (i32.sub (i32.load offset=176 (local.get $in)) (i32.const 1)))
    (i32.const 1024)";

/// A guest that takes settings: `bad` is refused, `trap` and `loop` are what
/// they say; anything else becomes the reason of its rejections.
pub(crate) fn configurable() -> Arc<[u8]> {
    configurable_with("")
}

/// The same with more in its core module.
pub(crate) fn configurable_with(more: &str) -> Arc<[u8]> {
    let configure = r#"
        (global $settings (mut i32) (i32.const 0))
        (global $length (mut i32) (i32.const 0))
        (func (export "gatherly:plugin/lifecycle@0.3.0#configure") (param i32 i32) (result i32)
          (global.set $settings (local.get 0))
          (global.set $length (local.get 1))
          (if (i32.eq (local.get 1) (i32.const 3)) (then
            (i32.store8 (i32.const 3072) (i32.const 1))
            (i32.store (i32.const 3076) (local.get 0))
            (i32.store (i32.const 3080) (local.get 1))))
          (if (i32.eq (i32.load (local.get 0)) (i32.const 0x70617274)) (then unreachable))
          (if (i32.eq (i32.load (local.get 0)) (i32.const 0x706f6f6c)) (then (loop $l (br $l))))
          (i32.const 3072))"#;
    let decide = "(i32.store8 (i32.const 1024) (i32.const 4))
         (i32.store (i32.const 1028) (global.get $settings))
         (i32.store (i32.const 1032) (global.get $length))
         (i32.const 1024)";
    let world = format!("export gatherly:plugin/lifecycle@0.3.0; {CONTENT}");
    component(&world, &core("content-before-publish", decide, &format!("{configure} {more}")))
}
