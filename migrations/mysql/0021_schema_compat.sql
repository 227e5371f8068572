create table if not exists schema_compat (
    id bigint not null check (id = 1),
    migration bigint not null,
    primary key (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
insert into schema_compat (id, migration) values (1, 21) on duplicate key update id = id;
