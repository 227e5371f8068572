create table if not exists undos (
    id binary(16) not null,
    binding_id binary(16) not null,
    request longtext not null,
    state varchar(64) not null check (state in ('waiting', 'running', 'done')),
    total bigint not null,
    result longtext not null,
    created_by binary(16) not null,
    created_at bigint not null,
    finished_at bigint,
    primary key (id),
    foreign key (created_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists undo_items (
    undo_id binary(16) not null,
    number bigint not null,
    thing_id binary(16) not null,
    kind varchar(64) not null,
    target_id binary(16),
    state varchar(64) not null check (state in ('waiting', 'undone', 'kept')),
    primary key (undo_id, number),
    key undo_items_state (undo_id, state, number),
    key undo_items_thing (thing_id),
    foreign key (undo_id) references undos (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
