-- Those who look after a binding are told when something is wrong with it. The
-- kinds of a notification are a check of the table, which is made anew.
create table notifications_new (
    id            blob    primary key not null,
    recipient_id  blob    not null references accounts (id),
    kind          text    not null check (kind in
        ('reply', 'mention', 'held', 'removed', 'approved', 'banned', 'warned', 'notice',
         'plugin_trouble')),
    -- Why: nobody is told twice of the same.
    cause_id      blob    not null,
    -- The post or comment that it is about.
    content_id    blob,
    -- The binding that it is about.
    binding_id    blob,
    community_id  blob,
    -- Who caused it.
    actor_id      blob,
    -- JSON: names and values, and what plugins made of them.
    details       text    not null,
    -- made: plugins are still to be asked. delayed: until deliver_at.
    state         text    not null check (state in
        ('made', 'delayed', 'sent', 'suppressed', 'withdrawn')),
    deliver_at    integer,
    -- Its place in the recipient's list, once it is sent.
    position      integer,
    created_at    integer not null,
    sent_at       integer,
    read_at       integer
) strict, without rowid;
insert into notifications_new
    (id, recipient_id, kind, cause_id, content_id, community_id, actor_id, details, state,
     deliver_at, position, created_at, sent_at, read_at)
select id, recipient_id, kind, cause_id, content_id, community_id, actor_id, details, state,
       deliver_at, position, created_at, sent_at, read_at
from notifications;
drop table notifications;
alter table notifications_new rename to notifications;
create unique index notifications_cause on notifications (cause_id, recipient_id, kind);
create unique index notifications_list on notifications (recipient_id, position);
create index notifications_unread on notifications (recipient_id, state, read_at);
create index notifications_due on notifications (deliver_at);
