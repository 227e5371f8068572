-- The terms by which posts are found (see src/base/terms.rs), and the version of the rules
-- that made them. The index of full text has them in place of the words of the text. A
-- job makes those of the rows that are there.
alter table posts add column terms text;
alter table posts add column terms_version integer not null default 0;
create index posts_terms_version on posts (terms_version);

drop trigger posts_search_insert;
drop trigger posts_search_update;
drop table posts_search;
create virtual table posts_search using fts5 (
    terms, content = 'posts', content_rowid = 'search_id', tokenize = "ascii"
);
insert into posts_search (posts_search) values ('rebuild');
insert into posts_search (posts_search, rank) values ('secure-delete', 1);
create trigger posts_search_insert after insert on posts begin
    insert into posts_search (rowid, terms) values (new.search_id, new.terms);
end;
create trigger posts_search_update after update of terms on posts begin
    insert into posts_search (posts_search, rowid, terms)
    values ('delete', old.search_id, old.terms);
    insert into posts_search (rowid, terms) values (new.search_id, new.terms);
end;
