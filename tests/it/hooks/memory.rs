//! The memory that large components take is given back.

use std::fs;

use hyper::Method;
use serde_json::json;

use crate::support::{Installation, PASSWORD, Running, forum, wait_for};

use super::guest;

/// Bytes of each component: as large as a server of MariaDB takes unless it is told
/// to take more.
const COMPONENT_BYTES: usize = 12 << 20;
/// Components that are bound and removed.
const TIMES: u8 = 4;
/// Memory that the first may leave behind, in KiB: threads, caches, and code that is read
/// from the file of the program for the first time. It left 45 MiB when this was
/// written, and 147 MiB when the heaps of the threads kept what they had.
const FIRST_KIB: u64 = 80 << 10;
/// Memory that all others together may leave, in KiB: 1 MiB when this was written, and 79
/// MiB before.
const GROWTH_KIB: u64 = 24 << 10;

/// Resident memory of the server, in KiB.
fn resident(server: &Running) -> u64 {
    let path = format!("/proc/{}/status", server.id().as_raw_nonzero());
    let status = fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A good component with a section that means nothing.
fn large(number: u8) -> Vec<u8> {
    let mut component = guest::content(&guest::answer(0, "")).to_vec();
    let mut section = vec![3];
    section.extend(*b"pad");
    // No two pages are the same.
    let page = |page: usize| [page.to_le_bytes(), [number; 8]].concat().repeat(256);
    section.extend((0..COMPONENT_BYTES >> 12).flat_map(page));
    component.push(0);
    let mut length = section.len();
    while length >= 0x80 {
        component.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    component.push(u8::try_from(length).unwrap());
    component.extend(section);
    component
}

#[tokio::test(flavor = "multi_thread")]
async fn large_components_that_are_removed_leave_no_memory_behind() {
    let installation =
        Installation::new("[limits]\nenabled = false\n[server]\nrequest_timeout_seconds = 120\n");
    let create = ["admin", "create", "boss", "--email", "boss@example.org"];
    let created = installation.run(&create, &format!("{PASSWORD}\n")).await;
    assert!(created.status.success(), "{created:?}");
    let server = installation.serve().await;
    let body = json!({"username": "boss", "password": PASSWORD});
    let tokens = server.client.post("/sessions", body).await.expect(201);
    let boss = server.client.with_token(tokens["access_token"].as_str().unwrap());
    let before = resident(&server);
    let mut after_first = None;
    for number in 0..TIMES {
        let (path, wasm) = ("/plugins?name=large", Some("application/wasm"));
        boss.send_bytes(Method::POST, path, wasm, large(number).into()).await.expect(201);
        let terms = json!({"plugin": "large", "mode": "enforce"});
        let binding = boss.post("/plugin-bindings", terms).await.expect(201);
        boss.delete(&format!("/plugin-bindings/{}", forum::id(&binding))).await.expect(204);
        let most = after_first.map_or(before + FIRST_KIB, |first: u64| first + GROWTH_KIB);
        wait_for("memory that was given back", async || resident(&server) <= most).await;
        after_first.get_or_insert_with(|| resident(&server));
    }
}
