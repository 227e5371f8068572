//! Sanctions that outlive an account.

use uuid::Uuid;

use super::{
    model::{Sanction, Sanctioned},
    rules::why_it_waits,
};

fn sanctioned(strikes: i64, bans: Vec<Sanction>) -> Sanctioned {
    Sanctioned { account: Uuid::nil().into(), strikes, bans }
}

#[test]
fn a_new_account_waits_while_something_counts_against_a_closed_one() {
    assert_eq!(why_it_waits(&[]), None);
    assert_eq!(why_it_waits(&[sanctioned(0, Vec::new())]), None);
    let ban = Sanction { scope: "site".into(), reason: "Spam\nagain.".into(), until: None };
    let why = why_it_waits(&[sanctioned(2, vec![ban])]).unwrap();
    let told = "which has a ban from the site for ever (Spam again.); strikes: 2.";
    assert!(why.ends_with(told), "{why}");
}
