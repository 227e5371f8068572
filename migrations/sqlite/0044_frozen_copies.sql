-- What was reported or held, as it was then: for those who settle the item.
create table frozen_copies (
    id            blob    primary key not null,
    item_id       blob    not null references review_items (id),
    -- Of all that the copy says: the same is kept once for each item.
    digest        text    not null,
    -- Name that the author, or the account, had.
    author        text    not null,
    revision      integer,
    title         text,
    body          text,
    bio           text,
    -- JSON: id, digest, type and size of each picture.
    media         text,
    frozen_at     integer not null
) strict, without rowid;
create unique index frozen_copies_once on frozen_copies (item_id, digest);
create index frozen_copies_item on frozen_copies (item_id, id);

-- Pictures of these copies; their files stay as long.
create table frozen_pictures (
    media_id      blob    not null,
    copy_id       blob    not null,
    primary key (media_id, copy_id)
) strict, without rowid;
create index frozen_pictures_copy on frozen_pictures (copy_id);
