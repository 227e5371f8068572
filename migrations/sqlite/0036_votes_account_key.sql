-- SQLite makes no key for a foreign key: there is nothing to drop.
select 1;
