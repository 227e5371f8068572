-- What accounts wrote that is removed with a ban on them.
create table if not exists content_removals (
    ban_id binary(16) not null,
    since bigint not null,
    state varchar(64) not null check (state in ('waiting', 'running', 'done', 'stopped')),
    total bigint not null default 0,
    posts bigint not null default 0,
    comments bigint not null default 0,
    votes bigint not null default 0,
    created_at bigint not null,
    finished_at bigint,
    primary key (ban_id),
    foreign key (ban_id) references bans (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists content_removal_items (
    id binary(16) not null,
    ban_id binary(16) not null,
    kind varchar(64) not null check (kind in ('post', 'comment', 'vote')),
    content_id binary(16) not null,
    action_id binary(16),
    value bigint not null default 0,
    cast_at bigint,
    primary key (id),
    unique key content_removal_items_once (ban_id, content_id),
    key content_removal_items_action (action_id),
    foreign key (ban_id) references content_removals (ban_id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
