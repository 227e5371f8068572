-- Pictures that people uploaded. The files are in the store of files, named by
-- the id: first the file, then the row.
create table media (
    id            blob    primary key not null,
    owner_id      blob    not null references accounts (id),
    -- held: waits for a moderator; refused: one said no.
    state         text    not null check (state in ('ready', 'held', 'refused')),
    -- What uses it: the post, the comment or the account.
    used_as       text    check (used_as in ('post', 'comment', 'avatar')),
    used_by       blob,
    -- Its place among the pictures of a post or a comment.
    position      integer not null default 0,
    -- Of the file that is kept; the digest is that of the one that came.
    media_type    text    not null,
    width         integer not null,
    height        integer not null,
    bytes         integer not null,
    digest        text    not null,
    -- Whether the smaller copies are there.
    sized         integer not null default 0,
    created_at    integer not null,
    -- Null while something uses it and while it waits.
    unused_since  integer
) strict, without rowid;
create index media_owner on media (owner_id, id);
create index media_used on media (used_by, position);
create index media_unused on media (unused_since);

alter table accounts add column avatar_id blob;
-- JSON: the pictures of a post or a comment, with what does not change of them;
-- null for none.
alter table posts add column media text;
alter table comments add column media text;

-- Pictures wait for moderators as well.
create table review_items_with_media (
    id            blob    primary key not null,
    kind          text    not null
        check (kind in ('post', 'comment', 'edit', 'account', 'media', 'report')),
    -- The post, comment, picture or account; for an edit, what is edited; for a
    -- report, what is reported.
    target_id     blob    not null,
    community_id  blob,
    author_id     blob,
    -- What plugins were asked about, if it is they who hold it.
    event_id      blob,
    reason        text    not null,
    state         text    not null check (state in ('open', 'approved', 'removed', 'superseded')),
    -- Higher comes first; 0 is usual, from -100 to 100.
    priority      integer not null default 0 check (priority between -100 and 100),
    created_at    integer not null,
    resolved_by   blob    references accounts (id),
    resolved_at   integer,
    note          text
) strict, without rowid;
insert into review_items_with_media
    (id, kind, target_id, community_id, author_id, event_id, reason, state, priority, created_at,
     resolved_by, resolved_at, note)
select id, kind, target_id, community_id, author_id, event_id, reason, state, priority, created_at,
       resolved_by, resolved_at, note
from review_items;
create table reports_with_media (
    id            blob    primary key not null,
    item_id       blob    not null references review_items_with_media (id),
    target_kind   text    not null check (target_kind in ('post', 'comment', 'account')),
    target_id     blob    not null,
    -- Whom it is about.
    account_id    blob    not null references accounts (id),
    -- A person, or a plugin.
    reporter_id   blob    references accounts (id),
    plugin        text,
    reason        text    not null,
    -- The report that it is counted with.
    merged_into   blob,
    created_at    integer not null
) strict, without rowid;
insert into reports_with_media
    (id, item_id, target_kind, target_id, account_id, reporter_id, plugin, reason, merged_into,
     created_at)
select id, item_id, target_kind, target_id, account_id, reporter_id, plugin, reason, merged_into,
       created_at
from reports;
drop table reports;
drop table review_items;
alter table review_items_with_media rename to review_items;
alter table reports_with_media rename to reports;
create index review_items_state on review_items (state, priority, id);
create index review_items_target on review_items (target_id, state);
create unique index reports_once on reports (item_id, reporter_id);
create index reports_target on reports (target_id, id);
create index reports_account on reports (account_id, id);
