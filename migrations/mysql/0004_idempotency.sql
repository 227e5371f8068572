create table if not exists idempotency_keys (
    id varbinary(32) not null,
    request varbinary(32) not null,
    status bigint,
    location longtext,
    body longblob,
    created_at bigint not null,
    primary key (id),
    key idempotency_keys_created (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
