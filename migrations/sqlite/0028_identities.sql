-- By what closed accounts are known: keyed hashes of a name, of what is drawn like it, of
-- an address.
create table closed_identities (
    hash        blob    not null,
    account_id  blob    not null references accounts (id),
    -- 1: nobody else may take the name. 0: whoever has it, or the address, waits for staff
    -- while a ban on the closed account is in force or a strike counts.
    reserved    integer not null check (reserved in (0, 1)),
    closed_at   integer not null,
    primary key (hash, account_id)
) strict, without rowid;
create index closed_identities_account on closed_identities (account_id, reserved);
create index closed_identities_reserved on closed_identities (reserved, account_id);

-- Networks from which accounts were signed in to, as keyed hashes.
create table known_networks (
    account_id  blob    not null references accounts (id),
    hash        blob    not null,
    used_at     integer not null,
    primary key (account_id, hash)
) strict, without rowid;
create index known_networks_old on known_networks (used_at);
create index known_networks_account on known_networks (account_id, used_at);
