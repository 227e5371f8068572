-- What happened and has not been passed on to all who listen.
create table outbox (
    id          blob    primary key not null,
    -- JSON, see src/events.rs.
    occurrence  text    not null,
    created_at  integer not null
) strict, without rowid;

-- Work that is done at least once, in the words of BullMQ.
create table jobs (
    id            blob    primary key not null,
    -- Who does it: a listener, or a kind of job of its own.
    kind          text    not null,
    -- JSON.
    payload       text    not null,
    -- waiting; active: somebody does it, until lease_until; delayed: waits for
    -- run_at; completed; failed: was tried too often; parked: nobody here knows
    -- its kind.
    state         text    not null
        check (state in ('waiting', 'active', 'delayed', 'completed', 'failed', 'parked')),
    -- The higher goes first.
    priority      integer not null default 0,
    attempts      integer not null default 0,
    max_attempts  integer not null,
    run_at        integer not null,
    lease_until   integer,
    -- Of jobs with the same key there is one.
    unique_key    text,
    -- Percent.
    progress      integer not null default 0,
    last_error    text,
    -- Kept for a while when it is done.
    keep          integer not null default 0,
    created_at    integer not null,
    finished_at   integer
) strict, without rowid;
create unique index jobs_unique on jobs (unique_key);
create index jobs_state on jobs (state, priority desc, id);

-- What happens every so often, once for all processes on this database.
create table schedules (
    name    text    primary key not null,
    ran_at  integer not null
) strict, without rowid;
