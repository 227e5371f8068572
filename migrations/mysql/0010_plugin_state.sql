-- How much a binding has stored is kept in step by the statements of
-- src/plugin_state/store.rs: triggers ask for rights that many servers do not give.

create table if not exists plugin_state (
    binding_id binary(16) not null,
    kind varchar(64) not null check (kind in ('counter', 'value', 'member')),
    `key` varbinary(128) not null,
    member varbinary(256) not null default '',
    starts_at bigint not null default 0,
    width bigint not null default 0,
    amount bigint not null default 0,
    value mediumtext not null default (''),
    bytes bigint not null,
    subject varchar(64),
    expires_at bigint,
    primary key (binding_id, kind, `key`, member, starts_at, width),
    key plugin_state_subject (subject),
    key plugin_state_expiry (expires_at, binding_id, kind, bytes)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists plugin_state_usage (
    binding_id binary(16) not null,
    value_count bigint not null,
    bytes bigint not null,
    primary key (binding_id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
