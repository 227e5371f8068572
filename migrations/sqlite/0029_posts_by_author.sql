-- Posts of one author in each order, as those of a community have it: without these, a page
-- sorts everything that the author wrote.
create index posts_author_hot on posts (author_id, hot, id);
create index posts_author_score on posts (author_id, score, id);
