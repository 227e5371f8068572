-- One row: programs that know this migration can work with the tables as they are;
-- older ones ask for what is no longer there. See src/db/migrations.rs.
create table schema_compat (
    id         integer primary key not null check (id = 1),
    migration  integer not null
) strict;
insert into schema_compat (id, migration) values (1, 21);
