-- What people are told. Words of posts and comments are not kept here: they are
-- looked up when a notification is shown, for as long as its reader may see them.
create table notifications (
    id            blob    primary key not null,
    recipient_id  blob    not null references accounts (id),
    kind          text    not null check (kind in
        ('reply', 'mention', 'held', 'removed', 'approved', 'banned', 'warned', 'notice')),
    -- Why: nobody is told twice of the same.
    cause_id      blob    not null,
    -- The post or comment that it is about.
    content_id    blob,
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
create unique index notifications_cause on notifications (cause_id, recipient_id, kind);
create unique index notifications_list on notifications (recipient_id, position);
create index notifications_unread on notifications (recipient_id, state, read_at);
create index notifications_due on notifications (deliver_at);

-- Of those who changed anything.
create table notification_preferences (
    account_id  blob    primary key not null references accounts (id),
    -- Kinds that the account does not want, with a space between two.
    muted       text    not null default '',
    -- Minutes east of UTC.
    utc_offset  integer not null default 0
) strict, without rowid;

create table webhooks (
    id                blob    primary key not null,
    -- 16 zero bytes: the whole site.
    scope_id          blob    not null,
    url               text    not null,
    -- Names of events, with a space before and after each.
    events            text    not null,
    secret            blob    not null,
    -- The secret before, which signs beside the new one for a while.
    old_secret        blob,
    old_secret_until  integer,
    created_by        blob    not null references accounts (id),
    created_at        integer not null,
    -- Since when nothing has arrived.
    failing_since     integer,
    -- What the last try came to, if it failed.
    last_error        text,
    disabled_at       integer
) strict, without rowid;
create index webhooks_scope on webhooks (scope_id, id);

create table webhook_deliveries (
    id          blob    primary key not null,
    webhook_id  blob    not null references webhooks (id) on delete cascade,
    -- Why: each webhook hears once of the same.
    cause_id    blob    not null,
    name        text    not null,
    -- The JSON that is sent; empty when it has no more to be.
    body        text    not null,
    state       text    not null check (state in ('waiting', 'delivered', 'failed')),
    attempts    integer not null default 0,
    created_at  integer not null
) strict, without rowid;
create unique index webhook_deliveries_cause on webhook_deliveries (webhook_id, cause_id, name);
create index webhook_deliveries_old on webhook_deliveries (created_at);
