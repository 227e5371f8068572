-- Accounts are found by their names, whose case does not matter.
create unique index accounts_name on accounts (name_key);
-- Not unique: there may be names that are drawn alike from before.
create index accounts_look_alike on accounts (look_alike_key);
