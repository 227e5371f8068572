-- Tallies of accounts, kept with the rows that change them: warnings that
-- stand, and labels, with a space between two.
alter table accounts add column strikes integer not null default 0;
alter table accounts add column labels text not null default '';
