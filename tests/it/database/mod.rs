//! What is promised of the database whichever engine it is: rules that hold when
//! two servers write at once, one schema, and an outage that ends by itself.

mod bare;
mod conflicts;
mod disk;
mod outage;
mod races;
mod reads;
mod schema;
mod statements;
mod upgrades;
