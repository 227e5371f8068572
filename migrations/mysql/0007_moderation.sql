create table if not exists bans (
    id binary(16) not null,
    scope varchar(64) not null check (scope in ('post', 'community', 'site')),
    scope_id binary(16) not null,
    account_id binary(16) not null,
    deeds bigint not null check (deeds between 1 and 15),
    reason mediumtext not null default (''),
    created_by binary(16),
    plugin varchar(255),
    created_at bigint not null,
    until bigint,
    lifted_by binary(16),
    lifted_at bigint,
    primary key (id),
    key bans_account (account_id, scope_id, lifted_at),
    key bans_scope (scope_id, id),
    foreign key (account_id) references accounts (id),
    foreign key (created_by) references accounts (id),
    foreign key (lifted_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists review_items (
    id binary(16) not null,
    kind varchar(64) not null check (kind in ('post', 'comment', 'edit', 'account', 'media', 'report')),
    target_id binary(16) not null,
    community_id binary(16),
    author_id binary(16),
    event_id binary(16),
    reason mediumtext not null,
    state varchar(64) not null check (state in ('open', 'approved', 'removed', 'superseded')),
    priority bigint not null default 0 check (priority between -100 and 100),
    created_at bigint not null,
    resolved_by binary(16),
    resolved_at bigint,
    note mediumtext,
    primary key (id),
    key review_items_state (state, priority, id),
    key review_items_target (target_id, state),
    foreign key (resolved_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists mod_actions (
    id binary(16) not null,
    kind varchar(64) not null,
    actor_id binary(16),
    plugin varchar(255),
    binding_id binary(16),
    decision_id binary(16),
    target_kind varchar(64) not null check (target_kind in ('post', 'comment', 'account', 'community', 'site')),
    target_id binary(16) not null,
    account_id binary(16),
    community_id binary(16),
    reason mediumtext,
    inverse longtext,
    created_at bigint not null,
    undone_by binary(16),
    undone_at bigint,
    primary key (id),
    key mod_actions_target (target_id, id),
    key mod_actions_community (community_id, id),
    key mod_actions_account (account_id, id),
    key mod_actions_binding (binding_id, id),
    foreign key (actor_id) references accounts (id),
    foreign key (account_id) references accounts (id),
    foreign key (community_id) references communities (id),
    foreign key (undone_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists pending_actions (
    id binary(16) not null,
    kind varchar(64) not null,
    target_id binary(16) not null,
    scope_id binary(16) not null,
    actor_id binary(16) not null,
    message mediumtext not null,
    created_at bigint not null,
    primary key (id),
    unique key pending_actions_once (target_id, kind, scope_id, actor_id),
    foreign key (actor_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists warnings (
    id binary(16) not null,
    account_id binary(16) not null,
    community_id binary(16),
    reason mediumtext not null,
    created_by binary(16),
    plugin varchar(255),
    created_at bigint not null,
    withdrawn_by binary(16),
    withdrawn_at bigint,
    primary key (id),
    key warnings_account (account_id, id),
    foreign key (account_id) references accounts (id),
    foreign key (community_id) references communities (id),
    foreign key (created_by) references accounts (id),
    foreign key (withdrawn_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists labels (
    target_id binary(16) not null,
    target_kind varchar(64) not null check (target_kind in ('post', 'comment', 'account')),
    label varchar(255) not null,
    is_mark bigint not null,
    created_by binary(16),
    plugin varchar(255),
    created_at bigint not null,
    primary key (target_id, label),
    foreign key (created_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists slow_modes (
    scope_id binary(16) not null,
    `interval` bigint not null check (`interval` > 0),
    until bigint,
    primary key (scope_id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists reports (
    id binary(16) not null,
    item_id binary(16) not null,
    target_kind varchar(64) not null check (target_kind in ('post', 'comment', 'account')),
    target_id binary(16) not null,
    account_id binary(16) not null,
    reporter_id binary(16),
    plugin varchar(255),
    reason mediumtext not null,
    merged_into binary(16),
    created_at bigint not null,
    primary key (id),
    unique key reports_once (item_id, reporter_id),
    key reports_target (target_id, id),
    key reports_account (account_id, id),
    foreign key (item_id) references review_items (id),
    foreign key (account_id) references accounts (id),
    foreign key (reporter_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists appeals (
    id binary(16) not null,
    against varchar(64) not null check (against in ('ban', 'removal', 'warning', 'rejection')),
    subject_id binary(16) not null,
    account_id binary(16) not null,
    community_id binary(16),
    text mediumtext not null,
    state varchar(64) not null check (state in ('open', 'granted', 'denied')),
    created_at bigint not null,
    decided_by binary(16),
    decided_at bigint,
    note mediumtext,
    primary key (id),
    unique key appeals_once (subject_id),
    key appeals_account (account_id, id),
    key appeals_community (community_id, state, id),
    foreign key (account_id) references accounts (id),
    foreign key (community_id) references communities (id),
    foreign key (decided_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
