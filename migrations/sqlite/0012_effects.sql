-- The plugin whose bot this is: what its effects write appears under this name.
alter table accounts add column bot text;
create unique index accounts_bot on accounts (bot);

-- What plugins wanted done, and what became of it.
create table effects (
    id            blob    primary key not null,
    -- An effect is the decision that wanted it, and its place there.
    decision_id   blob    not null,
    number        integer not null,
    event_id      blob    not null,
    binding_id    blob    not null,
    revision      integer not null,
    kind          text    not null,
    -- JSON, see hooks::Effect.
    payload       text    not null,
    -- What it was done to: content, an account, a community.
    target_id     blob,
    community_id  blob,
    -- Hash of what it does to what: the same text is struck once by a binding.
    once          blob    not null,
    -- queued: its budget was used up, so people were asked.
    state         text    not null check (state in ('applied', 'refused', 'queued', 'undone')),
    -- JSON: what takes it back.
    inverse       text,
    -- Why it was refused.
    reason        text,
    applied_at    integer not null,
    undo_id       blob
) strict, without rowid;
create unique index effects_decision on effects (decision_id, number);
create index effects_binding on effects (binding_id, applied_at);
create index effects_once on effects (binding_id, once);

-- Batches that take back what a binding did.
create table undos (
    id            blob    primary key not null,
    binding_id    blob    not null,
    -- JSON: which of what it did.
    request       text    not null,
    state         text    not null check (state in ('running', 'done', 'stopped')),
    -- JSON: what was taken back, and what was left as it is.
    result        text    not null,
    created_by    blob    not null references accounts (id),
    created_at    integer not null,
    finished_at   integer
) strict, without rowid;
