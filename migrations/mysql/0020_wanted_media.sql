create table if not exists wanted_media (
    id binary(16) not null,
    media longtext not null,
    created_at bigint not null,
    primary key (id),
    key wanted_media_created (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
