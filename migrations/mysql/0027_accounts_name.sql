-- Accounts are found by their names, whose case does not matter.
alter table accounts
    add unique key accounts_name (name_key),
    add key accounts_look_alike (look_alike_key);
