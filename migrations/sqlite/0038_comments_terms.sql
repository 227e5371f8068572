-- The terms by which comments are found (see src/base/terms.rs), and the version of the rules
-- that made them. The index of full text has them in place of the words of the text. A
-- job makes those of the rows that are there.
alter table comments add column terms text;
alter table comments add column terms_version integer not null default 0;
create index comments_terms_version on comments (terms_version);

drop trigger comments_search_insert;
drop trigger comments_search_update;
drop table comments_search;
create virtual table comments_search using fts5 (
    terms, content = 'comments', content_rowid = 'search_id', tokenize = "ascii"
);
insert into comments_search (comments_search) values ('rebuild');
insert into comments_search (comments_search, rank) values ('secure-delete', 1);
create trigger comments_search_insert after insert on comments begin
    insert into comments_search (rowid, terms) values (new.search_id, new.terms);
end;
create trigger comments_search_update after update of terms on comments begin
    insert into comments_search (comments_search, rowid, terms)
    values ('delete', old.search_id, old.terms);
    insert into comments_search (rowid, terms) values (new.search_id, new.terms);
end;
