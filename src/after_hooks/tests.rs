use uuid::Uuid;

use super::rules::part;
use crate::{base::clock::Timestamp, base::ids::new_uuid};

#[test]
fn parts_of_an_occurrence_have_ids_of_their_own_and_of_its_time() {
    let occurrence = new_uuid(Timestamp(1_767_225_600_000));
    let (one, two) = (part(occurrence, Uuid::from_u128(1)), part(occurrence, Uuid::from_u128(2)));
    assert_ne!(one, two);
    assert_eq!(one, part(occurrence, Uuid::from_u128(1)));
    assert_eq!(one.as_bytes()[..9], occurrence.as_bytes()[..9]);
    assert_eq!(one.get_version_num(), 7);
}
