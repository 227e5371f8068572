//! Policies for tests: small plugins, and putting them to work.

use hyper::Method;
use serde_json::{Value, json};

use super::Person;
use crate::hooks::guest;

/// A plugin that goes by the first letter of a text: what begins with `H` is
/// held, what begins with `R` is rejected, with this reason.
pub fn first_letter(reason: &str) -> Vec<u8> {
    let (body, _) = guest::BODY;
    let verdict = format!(
        "(local $first i32)
         (local.set $first (i32.load8_u (i32.load offset={body} (local.get $in))))
         (drop (block (result i32) {}))
         (if (i32.eq (local.get $first) (i32.const 72))
             (then (i32.store8 (i32.const 1024) (i32.const 3))))
         (if (i32.eq (local.get $first) (i32.const 82))
             (then (i32.store8 (i32.const 1024) (i32.const 4))))
         (i32.const 1024)",
        guest::answer(0, reason)
    );
    guest::content(&verdict).to_vec()
}

/// Uploads a component under a name and binds it as `terms` say.
pub async fn bind(admin: &Person, name: &str, component: Vec<u8>, terms: Value) -> Value {
    let (path, wasm) = (format!("/plugins?name={name}"), Some("application/wasm"));
    let reply = admin.send_bytes(Method::POST, &path, wasm, component.into()).await;
    assert!(reply.status.is_success(), "{}", reply.text());
    let mut body = terms;
    body["plugin"] = json!(name);
    admin.post("/plugin-bindings", body).await.expect(201)
}

/// Binds [`first_letter`] to the whole site.
pub async fn enforce_first_letter(admin: &Person, reason: &str) -> Value {
    bind(admin, "letters", first_letter(reason), json!({"mode": "enforce"})).await
}
