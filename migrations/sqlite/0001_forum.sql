-- Ids are UUIDv7 in 16 bytes, times are Unix milliseconds. A scope of 16 zero
-- bytes is the whole site.

create table accounts (
    id             blob    primary key not null,
    username       text    not null,
    -- What look-alike names have in common: base::text::look_alike_key.
    username_key   text    not null,
    email          text,
    email_key      text,
    -- An argon2id PHC string; null when the account is closed.
    password_hash  text,
    role           text    not null default 'member' check (role in ('member', 'admin')),
    state          text    not null default 'active' check (state in ('active', 'held', 'closed')),
    bio            text    not null default '',
    verified_at    integer,
    post_count     integer not null default 0,
    comment_count  integer not null default 0,
    score          integer not null default 0,
    created_at     integer not null
) strict, without rowid;
create unique index accounts_username on accounts (username_key);
-- Not unique: an address belongs to somebody only once it is verified, and an
-- answer that told of a taken one would tell who is here.
create index accounts_email on accounts (email_key);

create table sessions (
    id          blob    primary key not null,
    account_id  blob    not null references accounts (id),
    user_agent  text    not null,
    created_at  integer not null,
    used_at     integer not null,
    expires_at  integer not null,
    ended_at    integer
) strict, without rowid;
create index sessions_account on sessions (account_id, ended_at);

-- Refresh tokens, hashed. A family is a session; one token of it is live.
create table refresh_tokens (
    hash        blob    primary key not null,
    session_id  blob    not null references sessions (id),
    -- live: may be used; used: has a successor; superseded: its place was taken
    -- when a lost answer was asked for again.
    state       text    not null check (state in ('live', 'used', 'superseded')),
    successor   blob,
    created_at  integer not null
) strict, without rowid;
create index refresh_tokens_session on refresh_tokens (session_id);

create table communities (
    id            blob    primary key not null,
    slug          text    not null,
    name          text    not null,
    description   text    not null default '',
    member_count  integer not null default 0,
    post_count    integer not null default 0,
    created_by    blob    references accounts (id),
    created_at    integer not null
) strict, without rowid;
create unique index communities_slug on communities (slug);

create table community_members (
    community_id  blob    not null references communities (id),
    account_id    blob    not null references accounts (id),
    role          text    not null default 'member' check (role in ('member', 'moderator')),
    joined_at     integer not null,
    primary key (community_id, account_id)
) strict, without rowid;
create index community_members_account on community_members (account_id, role);

create table posts (
    -- What full-text search calls the row; nothing else uses it.
    search_id integer primary key,
    id             blob    not null unique,
    community_id   blob    not null references communities (id),
    author_id      blob    not null references accounts (id),
    title          text    not null,
    body           text    not null,
    body_html      text    not null,
    -- held: waits for a moderator; removed: by moderation; deleted: by its author.
    state          text    not null check (state in ('published', 'held', 'removed', 'deleted')),
    locked         integer not null default 0,
    ups            integer not null default 0,
    downs          integer not null default 0,
    score          integer not null default 0,
    hot            real    not null default 0,
    comment_count  integer not null default 0,
    created_at     integer not null,
    edited_at      integer
) strict;
create index posts_hot on posts (hot, id);
create index posts_score on posts (score, id);
create index posts_community_new on posts (community_id, id);
create index posts_community_hot on posts (community_id, hot, id);
create index posts_community_score on posts (community_id, score, id);
create index posts_author on posts (author_id, id);

create table comments (
    -- What full-text search calls the row; nothing else uses it.
    search_id integer primary key,
    id           blob    not null unique,
    post_id      blob    not null references posts (id),
    parent_id    blob    references comments (id),
    author_id    blob    not null references accounts (id),
    -- The ids from the first comment of the thread to this one, end to end:
    -- sorting by it gives the thread in reading order.
    path         blob    not null,
    depth        integer not null,
    body         text    not null,
    body_html    text    not null,
    state        text    not null check (state in ('published', 'held', 'removed', 'deleted')),
    ups          integer not null default 0,
    downs        integer not null default 0,
    score        integer not null default 0,
    reply_count  integer not null default 0,
    created_at   integer not null,
    edited_at    integer
) strict;
create unique index comments_path on comments (post_id, path);
create index comments_new on comments (post_id, id);
create index comments_score on comments (post_id, score, id);
create index comments_author on comments (author_id, id);

-- Edits: what a text was before, and what it is to be once a moderator agrees.
create table revisions (
    id          blob    primary key not null,
    content_id  blob    not null,
    state       text    not null check (state in ('past', 'pending')),
    title       text,
    body        text    not null,
    created_at  integer not null
) strict, without rowid;
create index revisions_content on revisions (content_id, state, id);

-- One row for each account and post or comment.
create table votes (
    content_id  blob    not null,
    account_id  blob    not null references accounts (id),
    value       integer not null check (value in (-1, 1)),
    cast_at     integer not null,
    primary key (content_id, account_id)
) strict, without rowid;

create table bans (
    id          blob    primary key not null,
    scope       text    not null check (scope in ('post', 'community', 'site')),
    scope_id    blob    not null,
    account_id  blob    not null references accounts (id),
    -- What is forbidden: 1 view, 2 comment, 4 vote, 8 post, added up.
    deeds       integer not null check (deeds between 1 and 15),
    reason      text    not null default '',
    created_by  blob    not null references accounts (id),
    created_at  integer not null,
    until       integer,
    lifted_by   blob    references accounts (id),
    lifted_at   integer
) strict, without rowid;
create index bans_account on bans (account_id, scope_id, lifted_at);
create index bans_scope on bans (scope_id, id);
