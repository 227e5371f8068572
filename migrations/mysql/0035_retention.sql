-- Texts that their authors deleted, until they are erased.
create table if not exists deleted_texts (
    content_id binary(16) not null,
    deleted_at bigint not null,
    primary key (content_id),
    key deleted_texts_deleted (deleted_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

-- Of those before, it is not known when.
insert ignore into deleted_texts (content_id, deleted_at)
select id, coalesce(edited_at, created_at) from posts where state = 'deleted';

insert ignore into deleted_texts (content_id, deleted_at)
select id, coalesce(edited_at, created_at) from comments where state = 'deleted';

-- Up to which row of a table words are erased.
create table if not exists retention_marks (
    name varchar(64) not null,
    swept binary(16) not null,
    primary key (name)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
