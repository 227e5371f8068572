alter table jobs add column offered_until bigint;
