-- Batches that take back what a binding did are done in the background.
create table undos_as_jobs (
    id            blob    primary key not null,
    binding_id    blob    not null,
    -- JSON: which of what it did.
    request       text    not null,
    state         text    not null check (state in ('waiting', 'running', 'done')),
    -- How much there is to take back, or to leave as it is.
    total         integer not null,
    -- JSON: how much was taken back so far, and was left as it is.
    result        text    not null,
    created_by    blob    not null references accounts (id),
    created_at    integer not null,
    finished_at   integer
) strict, without rowid;
-- Of those before, one that was broken off is over: what it did is in the log.
insert into undos_as_jobs
    (id, binding_id, request, state, total, result, created_by, created_at, finished_at)
select id, binding_id, request, 'done', coalesce(json_array_length(result, '$.items'), 0), result,
       created_by, created_at, coalesce(finished_at, created_at)
from undos;
drop table undos;
alter table undos_as_jobs rename to undos;

-- What a batch is to take back, and what came of each.
create table undo_items (
    undo_id       blob    not null references undos (id),
    -- In the order in which they are taken back: the newest first.
    number        integer not null,
    -- The effect, or the item that waits for review.
    thing_id      blob    not null,
    -- Of the effect, or hold.
    kind          text    not null,
    target_id     blob,
    -- kept: people have decided since.
    state         text    not null check (state in ('waiting', 'undone', 'kept')),
    primary key (undo_id, number)
) strict, without rowid;
create index undo_items_state on undo_items (undo_id, state, number);
create index undo_items_thing on undo_items (thing_id);
