create table if not exists plugin_versions (
    digest varchar(255) not null,
    plugin varchar(255) not null,
    version varchar(255) not null,
    description mediumtext not null default (''),
    license mediumtext not null default (''),
    hooks mediumtext not null,
    size bigint not null,
    component longblob not null,
    uploaded_by binary(16),
    created_at bigint not null,
    wanted_grants longtext not null default ('{}'),
    settings_schema longtext,
    primary key (digest),
    key plugin_versions_plugin (plugin, created_at),
    foreign key (uploaded_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists plugin_generation (
    id bigint not null check (id = 1),
    generation bigint not null,
    primary key (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
insert into plugin_generation (id, generation) values (1, 1) on duplicate key update id = id;
