//! A component whose bytes are broken somewhere is refused or run, and the host
//! does not have to answer for it.

use std::collections::BTreeMap;

use gatherly::hooks::LoadCode;

use super::times;
use crate::hooks::{bench::Bench, hostile::hostile};

#[tokio::test]
async fn broken_bytes_are_refused_or_run() {
    let bench = Bench::new();
    let whole = hostile("allow");
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    // Each is a process that starts.
    for number in 0..times((200, 1_000)) {
        // Spread over the whole of it, and never the same twice.
        let at = (number * 7_919 + 13) % whole.len();
        let mut mutant = whole.to_vec();
        if number % 2 == 0 {
            mutant.truncate(at);
        } else {
            mutant[at] ^= 1 << (number % 8);
        }
        let fate = match bench.hooks.inspect(mutant.into()).await {
            Ok(_) => "described".to_owned(),
            Err(error) => {
                let own = [LoadCode::Host, LoadCode::CompileCrash, LoadCode::CompileTime];
                assert!(!own.contains(&error.code), "mutant {number}, byte {at}: {error}");
                error.code.as_str().to_owned()
            }
        };
        *fates.entry(fate).or_default() += 1;
    }
    let outcome = bench.judge(whole, "A text").await;
    assert!(outcome.decisions.iter().all(|decision| decision.fault.is_none()), "{outcome:?}");
    println!("mutants: {fates:?}");
}
