create table if not exists hook_events (
    number bigint not null auto_increment,
    id binary(16) not null,
    hook varchar(64) not null,
    input longtext,
    outcome varchar(64) not null,
    actor_id binary(16),
    target_id binary(16),
    community_id binary(16),
    created_at bigint not null,
    primary key (number),
    unique key hook_events_id (id),
    key hook_events_target (target_id, id),
    key hook_events_community (community_id, id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists decisions (
    event_id binary(16) not null,
    binding_id binary(16) not null,
    id binary(16) not null,
    revision bigint not null,
    mode varchar(64) not null,
    verdict varchar(64) not null,
    duration_us bigint not null,
    message mediumtext,
    patch longtext,
    evidence longtext,
    effects longtext,
    refused_effects longtext,
    `reads` longtext,
    input longtext,
    fault varchar(255),
    fault_detail mediumtext,
    primary key (event_id, binding_id),
    key decisions_binding (binding_id, event_id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists hook_erasures (
    account_id binary(16) not null,
    swept bigint not null,
    primary key (account_id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
