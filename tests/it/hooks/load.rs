//! What is refused at upload, by name, with what was expected and found.

use std::sync::Arc;

use gatherly::hooks::{Contract, Grants, HookPoint, LoadCode, LoadError};

use super::{
    bench::Bench,
    guest::{self, CONTENT, answer, component, core},
};
use crate::support::plugin;

async fn refused(component: Arc<[u8]>) -> LoadError {
    Bench::new().hooks.inspect(component).await.expect_err("it is refused")
}

fn text(wat: &str) -> Arc<[u8]> {
    wat::parse_str(wat).expect("the text parses").into()
}

#[tokio::test]
async fn a_good_component_is_described() {
    let bench = Bench::new();
    let inspection = bench.hooks.inspect(plugin("automod").into()).await.expect("it is good");
    assert_eq!(inspection.hooks, [HookPoint::ContentBeforePublish]);
    assert!(inspection.lifecycle);
    assert!(inspection.wanted.is_empty());
    assert_eq!(inspection.manifest.expect("it has one").name, "automod");
    let silent = bench.hooks.inspect(guest::content(&answer(0, ""))).await.expect("it is good");
    assert_eq!((silent.lifecycle, silent.manifest), (false, None));
    assert_eq!((silent.contract, silent.memory), (Contract::V0_3, 2 << 16));
    assert_eq!(silent.digest.len(), 64);
}

#[tokio::test]
async fn what_is_no_component_is_told_apart() {
    let error = refused(Arc::from(&b"PK\x03\x04 not WebAssembly"[..])).await;
    assert_eq!(error.code, LoadCode::NotAComponent);
    let error = refused(Arc::from(&b""[..])).await;
    assert_eq!(error.code, LoadCode::NotAComponent);
    let error = refused(text("(module)")).await;
    assert_eq!(
        (error.code, error.found.as_deref()),
        (LoadCode::NotAComponent, Some("a core module"))
    );
    let whole = guest::content(&answer(0, ""));
    let error = refused(whole[..whole.len() - 40].into()).await;
    assert_eq!(error.code, LoadCode::InvalidComponent);
}

#[tokio::test]
async fn flipped_bits_never_break_the_host() {
    let bench = Bench::new();
    let whole = guest::content(&answer(4, "no"));
    for at in (8..whole.len()).step_by(whole.len() / 40) {
        let mut flipped = whole.to_vec();
        flipped[at] ^= 1 << (at % 8);
        // Whatever it became: it is described or refused, and the server does
        // not have to answer for it.
        if let Err(error) = bench.hooks.inspect(flipped.into()).await {
            assert_ne!(error.code, LoadCode::Host, "byte {at}: {error}");
        }
    }
}

#[tokio::test]
async fn unknown_imports_are_refused_by_name() {
    let error =
        refused(text(r#"(component (import "wasi:http/outgoing-handler@0.2.6" (instance)))"#))
            .await;
    assert_eq!(error.code, LoadCode::UnknownImport);
    assert_eq!(error.found.as_deref(), Some("wasi:http/outgoing-handler@0.2.6"));
    assert!(error.message.contains("--disable http"), "the remedy is told: {error}");
    for unknown in
        ["gatherly:plugin/files@0.3.0", "gatherly:plugin/log@0.4.0", "gatherly:plugin/logs@0.3.0"]
    {
        let error = refused(text(&format!("(component (import \"{unknown}\" (instance)))"))).await;
        assert_eq!((error.code, error.found.as_deref()), (LoadCode::UnknownImport, Some(unknown)));
    }
}

#[tokio::test]
async fn a_component_without_a_known_hook_is_refused() {
    let error = refused(text("(component)")).await;
    assert_eq!((error.code, error.found.as_deref()), (LoadCode::NoKnownHook, Some("no exports")));
    let error = refused(text(
        r#"(component (instance $i) (export "gatherly:plugin/content-before-publish@0.4.0" (instance $i)))"#,
    ))
    .await;
    assert_eq!(error.code, LoadCode::NoKnownHook);
    assert_eq!(error.found.as_deref(), Some("gatherly:plugin/content-before-publish@0.4.0"));
    assert!(
        error.expected.is_some_and(|expected| expected.contains("content-before-publish@0.3.0"))
    );
}

#[tokio::test]
async fn wrong_types_are_refused() {
    let error = refused(text(
        r#"(component (instance $i) (export "gatherly:plugin/content-before-publish@0.3.0" (instance $i)))"#,
    ))
    .await;
    assert_eq!((error.code, error.expected.as_deref()), (LoadCode::WrongType, Some("decide")));
    let other = r#"(component
      (core module $m (func (export "decide") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $m))
      (func $decide (param "number" u32) (result u32) (canon lift (core func $m "decide")))
      (instance $i (export "decide" (func $decide)))
      (export "gatherly:plugin/content-before-publish@0.3.0" (instance $i)))"#;
    let error = refused(text(other)).await;
    assert_eq!(error.code, LoadCode::WrongType);
    assert!(error.found.is_some_and(|found| found.contains("expected")), "{}", error.message);
}

#[tokio::test]
async fn what_cannot_start_is_refused() {
    let start =
        |module: &str| component(CONTENT, &core("content-before-publish", &answer(0, ""), module));
    let error = refused(start("(func $start unreachable) (start $start)")).await;
    assert_eq!(error.code, LoadCode::StartFault, "{error}");
    let error = refused(start("(func $start (loop $l (br $l))) (start $start)")).await;
    assert_eq!(error.code, LoadCode::StartFault, "{error}");
    let hungry = core("content-before-publish", &answer(0, ""), "")
        .replace("\"memory\") 2)", "\"memory\") 1600)");
    let error = refused(component(CONTENT, &hungry)).await;
    assert_eq!(error.code, LoadCode::StartFault);
    assert!(error.message.contains("memory"), "{error}");
}

#[tokio::test]
async fn what_is_too_large_is_refused_unread() {
    let bench = Bench::with(|config| config.component_mib = 1);
    let error =
        bench.hooks.inspect(vec![0; (1 << 20) + 1].into()).await.expect_err("it is refused");
    assert_eq!(error.code, LoadCode::TooLarge);
}

#[tokio::test]
async fn an_import_must_be_granted() {
    let bench = Bench::new();
    for import in ["state", "text", "forum", "http"] {
        let world = format!("import gatherly:plugin/{import}@0.3.0; {CONTENT}");
        let function = match import {
            "state" => r#""delete" (func (param i32 i32))"#,
            "text" => r#""normalise" (func (param i32 i32 i32))"#,
            "forum" => r#""account" (func (param i32 i32 i32))"#,
            _ => r#""send" (func (param i32 i32 i32 i32 i32 i32 i32 i32))"#,
        };
        let core = core("content-before-publish", &answer(0, ""), "");
        let imported = format!(r#"(module (import "gatherly:plugin/{import}@0.3.0" {function})"#);
        let guest = component(&world, &core.replacen("(module", &imported, 1));
        let inspection = bench.hooks.inspect(Arc::clone(&guest)).await.expect("it is good");
        let [wanted] = inspection.wanted.as_slice() else { panic!("it wants {import}") };
        assert_eq!(wanted.as_str(), import);

        let nothing = bench.hooks.activate(Arc::clone(&guest), "", &Grants::default()).await;
        let error = nothing.expect_err("it is not granted");
        assert_eq!(error.code, LoadCode::NotGranted);
        assert_eq!(error.found, Some(format!("gatherly:plugin/{import}@0.3.0")));
        assert_eq!(error.expected.as_deref(), Some(import));
        let granted = Grants { http: vec!["example.org".to_owned()], ..Grants::all() };
        bench.hooks.activate(guest, "", &granted).await.expect("it is granted");
    }
}
