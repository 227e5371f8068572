create table if not exists frozen_copies (
    id binary(16) not null,
    item_id binary(16) not null,
    digest varchar(255) not null,
    author varchar(255) not null,
    revision bigint,
    title mediumtext,
    body mediumtext,
    bio mediumtext,
    media longtext,
    frozen_at bigint not null,
    primary key (id),
    unique key frozen_copies_once (item_id, digest),
    key frozen_copies_item (item_id, id),
    foreign key (item_id) references review_items (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists frozen_pictures (
    media_id binary(16) not null,
    copy_id binary(16) not null,
    primary key (media_id, copy_id),
    key frozen_pictures_copy (copy_id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
