-- Notifications, with all that they can be about.

create table if not exists notifications (
    id binary(16) not null,
    recipient_id binary(16) not null,
    kind varchar(64) not null check (kind in ('reply', 'mention', 'held', 'removed', 'approved', 'banned', 'warned', 'notice', 'plugin_trouble')),
    cause_id binary(16) not null,
    content_id binary(16),
    binding_id binary(16),
    community_id binary(16),
    actor_id binary(16),
    details longtext not null,
    state varchar(64) not null check (state in ('made', 'delayed', 'sent', 'suppressed', 'withdrawn')),
    deliver_at bigint,
    position bigint,
    created_at bigint not null,
    sent_at bigint,
    read_at bigint,
    primary key (id),
    unique key notifications_cause (cause_id, recipient_id, kind),
    unique key notifications_list (recipient_id, position),
    key notifications_unread (recipient_id, state, read_at),
    key notifications_due (deliver_at),
    foreign key (recipient_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
