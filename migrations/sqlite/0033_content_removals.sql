-- What accounts wrote that is removed with a ban on them.
create table content_removals (
    ban_id       blob    primary key not null references bans (id),
    -- Only what is no older, Unix milliseconds.
    since        integer not null,
    -- stopped: an undo took it back before it was done.
    state        text    not null check (state in ('waiting', 'running', 'done', 'stopped')),
    -- How much there was to remove when the job began.
    total        integer not null default 0,
    posts        integer not null default 0,
    comments     integer not null default 0,
    votes        integer not null default 0,
    created_at   integer not null,
    finished_at  integer
) strict, without rowid;

create table content_removal_items (
    id          blob    primary key not null,
    ban_id      blob    not null references content_removals (ban_id),
    kind        text    not null check (kind in ('post', 'comment', 'vote')),
    -- Of a vote, what it was on.
    content_id  blob    not null,
    -- The row of the log that takes a post or a comment back.
    action_id   blob,
    -- Of a vote: the vote, and when it was cast.
    value       integer not null default 0,
    cast_at     integer
) strict, without rowid;
create unique index content_removal_items_once on content_removal_items (ban_id, content_id);
create index content_removal_items_action on content_removal_items (action_id);
