-- Full text over what people wrote, kept in step by triggers. It holds words
-- only: text and visibility are asked of the tables that it indexes.

create virtual table posts_search using fts5 (
    title, body, content = 'posts', content_rowid = 'search_id',
    tokenize = "unicode61 remove_diacritics 2"
);
create trigger posts_search_insert after insert on posts begin
    insert into posts_search (rowid, title, body) values (new.search_id, new.title, new.body);
end;
create trigger posts_search_update after update of title, body on posts begin
    insert into posts_search (posts_search, rowid, title, body)
    values ('delete', old.search_id, old.title, old.body);
    insert into posts_search (rowid, title, body) values (new.search_id, new.title, new.body);
end;

create virtual table comments_search using fts5 (
    body, content = 'comments', content_rowid = 'search_id',
    tokenize = "unicode61 remove_diacritics 2"
);
create trigger comments_search_insert after insert on comments begin
    insert into comments_search (rowid, body) values (new.search_id, new.body);
end;
create trigger comments_search_update after update of body on comments begin
    insert into comments_search (comments_search, rowid, body)
    values ('delete', old.search_id, old.body);
    insert into comments_search (rowid, body) values (new.search_id, new.body);
end;
