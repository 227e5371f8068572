create table if not exists closed_identities (
    hash varbinary(32) not null,
    account_id binary(16) not null,
    reserved bigint not null check (reserved in (0, 1)),
    closed_at bigint not null,
    primary key (hash, account_id),
    key closed_identities_account (account_id, reserved),
    key closed_identities_reserved (reserved, account_id),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists known_networks (
    account_id binary(16) not null,
    hash varbinary(32) not null,
    used_at bigint not null,
    primary key (account_id, hash),
    key known_networks_old (used_at),
    key known_networks_account (account_id, used_at),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
