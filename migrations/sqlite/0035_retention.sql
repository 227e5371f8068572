-- Texts that their authors deleted, until they are erased.
create table deleted_texts (
    content_id  blob    primary key not null,
    deleted_at  integer not null
) strict, without rowid;
create index deleted_texts_deleted on deleted_texts (deleted_at);
-- Of those before, it is not known when.
insert into deleted_texts (content_id, deleted_at)
select id, coalesce(edited_at, created_at) from posts where state = 'deleted';
insert into deleted_texts (content_id, deleted_at)
select id, coalesce(edited_at, created_at) from comments where state = 'deleted';

-- Up to which row of a table words are erased.
create table retention_marks (
    name   text    primary key not null,
    swept  blob    not null
) strict, without rowid;

-- Words that are erased leave the index of full text at once.
insert into posts_search (posts_search, rank) values ('secure-delete', 1);
insert into comments_search (comments_search, rank) values ('secure-delete', 1);
