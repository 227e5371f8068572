create table if not exists removed_profiles (
    account_id binary(16) not null,
    part varchar(64) not null,
    bio mediumtext,
    media_id binary(16),
    removed_at bigint not null,
    primary key (account_id, part),
    key removed_profiles_removed (removed_at),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
