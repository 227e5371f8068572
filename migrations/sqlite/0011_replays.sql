-- Candidates that judge what has happened once more. Nothing comes of it but
-- what stands here.
create table replays (
    id            blob    primary key not null,
    -- Whose answers it is compared with; null: with what happened.
    binding_id    blob,
    digest        text    not null references plugin_versions (digest),
    -- JSON, see hooks::Grants.
    grants        text    not null,
    hook          text,
    community_id  blob    references communities (id),
    -- Ids of events: from the one, to the other, and the last that was judged.
    since_id      blob    not null,
    until_id      blob    not null,
    position      blob    not null,
    -- JSON: the ids of the events, when they were named.
    events        text,
    state         text    not null
                          check (state in ('waiting', 'active', 'completed', 'failed', 'cancelled')),
    total         integer not null,
    judged        integer not null default 0,
    same          integer not null default 0,
    differs       integer not null default 0,
    would_allow   integer not null default 0,
    would_hold    integer not null default 0,
    would_reject  integer not null default 0,
    faults        integer not null default 0,
    error         text,
    created_by    blob    not null references accounts (id),
    created_at    integer not null,
    finished_at   integer,
    settings      text    not null
) strict, without rowid;

-- Where a candidate judged otherwise.
create table replay_differences (
    replay_id    blob    not null references replays (id),
    event_id     blob    not null,
    -- Whose answer it differs from; null: what came of the event.
    decision_id  blob,
    was          text    not null,
    -- Null when the candidate failed.
    would        text,
    message      text,
    fault        text,
    primary key (replay_id, event_id)
) strict, without rowid;
