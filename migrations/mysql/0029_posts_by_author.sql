alter table posts
    add key posts_author_hot (author_id, hot, id),
    add key posts_author_score (author_id, score, id);
