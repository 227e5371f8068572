-- JSON: the pictures that a text is to have which is not there yet. Named by what
-- waits or was refused: the revision, or the event that plugins were asked about.
create table wanted_media (
    id          blob    primary key not null,
    media       text    not null,
    created_at  integer not null
) strict, without rowid;
create index wanted_media_created on wanted_media (created_at);
