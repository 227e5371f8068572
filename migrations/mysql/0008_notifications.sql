create table if not exists notification_preferences (
    account_id binary(16) not null,
    muted mediumtext not null default (''),
    utc_offset bigint not null default 0,
    primary key (account_id),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists webhooks (
    id binary(16) not null,
    scope_id binary(16) not null,
    url mediumtext not null,
    events mediumtext not null,
    secret varbinary(255) not null,
    old_secret varbinary(255),
    old_secret_until bigint,
    created_by binary(16) not null,
    created_at bigint not null,
    failing_since bigint,
    last_error mediumtext,
    disabled_at bigint,
    primary key (id),
    key webhooks_scope (scope_id, id),
    foreign key (created_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists webhook_deliveries (
    id binary(16) not null,
    webhook_id binary(16) not null,
    cause_id binary(16) not null,
    name varchar(255) not null,
    body longtext not null,
    state varchar(64) not null check (state in ('waiting', 'delivered', 'failed')),
    attempts bigint not null default 0,
    created_at bigint not null,
    primary key (id),
    unique key webhook_deliveries_cause (webhook_id, cause_id, name),
    key webhook_deliveries_old (created_at),
    foreign key (webhook_id) references webhooks (id) on delete cascade
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
