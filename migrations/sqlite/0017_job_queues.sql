-- Until when a job that waits counts as being in a queue beside this database:
-- null if it never was there, 0 if it may be there no more.
alter table jobs add column offered_until integer;
