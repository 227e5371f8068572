-- The terms by which posts are found (see src/base/terms.rs), and the version of the rules
-- that made them. A job makes those of the rows that are there. The column `words` and
-- its key are for programs of the release before.

alter table posts
    add column terms mediumtext character set ascii collate ascii_bin,
    add column terms_version bigint not null default 0,
    add key posts_terms_version (terms_version),
    add fulltext key posts_terms (terms);
