-- What happened and has not been passed on to all who listen.
create table outbox (
    id          blob    primary key not null,
    -- JSON, see src/events.rs.
    occurrence  text    not null,
    created_at  integer not null
) strict, without rowid;
