create table if not exists plugin_bindings (
    id binary(16) not null,
    scope_id binary(16) not null,
    plugin varchar(255) not null,
    revision bigint not null,
    file varchar(512),
    file_hash varchar(255),
    is_bounded bigint not null default 0,
    quarantined_at bigint,
    breaker_turns bigint not null default 0,
    created_at bigint not null,
    removed_at bigint,
    -- Of a file there is one binding that was not removed.
    live_file varchar(512) generated always as (case when removed_at is null then file end) virtual,
    primary key (id),
    unique key plugin_bindings_file (live_file)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists plugin_binding_revisions (
    binding_id binary(16) not null,
    revision bigint not null,
    digest varchar(255) not null,
    settings_hash varchar(255) not null,
    mode varchar(64) not null check (mode in ('off', 'shadow', 'enforce')),
    failure_mode varchar(64) not null check (failure_mode in ('open', 'closed', 'hold')),
    priority bigint not null,
    grants longtext not null,
    limits longtext not null,
    changed_at bigint not null,
    changed_by binary(16),
    changed_as varchar(64) not null check (changed_as in ('admin', 'moderator', 'file', 'system')),
    reason mediumtext,
    settings longtext not null,
    primary key (binding_id, revision),
    foreign key (binding_id) references plugin_bindings (id),
    foreign key (digest) references plugin_versions (digest)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists plugin_envelopes (
    community_id binary(16) not null,
    envelope longtext not null,
    changed_at bigint not null,
    changed_by binary(16),
    primary key (community_id),
    foreign key (community_id) references communities (id),
    foreign key (changed_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists plugin_activations (
    id binary(16) not null,
    binding_id binary(16) not null,
    digest varchar(255) not null,
    settings_hash varchar(255) not null,
    state varchar(64) not null check (state in ('running', 'active', 'refused')),
    step varchar(255) not null,
    code varchar(255),
    error mediumtext,
    probe longtext,
    started_at bigint not null,
    finished_at bigint,
    primary key (id),
    key plugin_activations_binding (binding_id, id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
