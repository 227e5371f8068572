-- What the columns are for is said in the file of the same name for SQLite. Each
-- table is made here as it is after all migrations so far: there was no server
-- before them. Made again, nothing changes; see src/db/migrations.rs.

-- One row: whoever changes it has the turn to write, see src/db/mysql.rs.
create table if not exists write_turns (
    id bigint not null,
    turn bigint not null,
    primary key (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
insert into write_turns (id, turn) values (1, 0) on duplicate key update id = id;

create table if not exists accounts (
    id binary(16) not null,
    username varchar(255) not null,
    username_key varchar(255) not null,
    email varchar(255),
    email_key varchar(255),
    password_hash longtext,
    role varchar(64) not null default 'member' check (role in ('member', 'admin')),
    state varchar(64) not null default 'active' check (state in ('active', 'held', 'closed')),
    bio mediumtext not null default (''),
    verified_at bigint,
    post_count bigint not null default 0,
    comment_count bigint not null default 0,
    score bigint not null default 0,
    created_at bigint not null,
    strikes bigint not null default 0,
    labels mediumtext not null default (''),
    bot varchar(255),
    avatar_id binary(16),
    verified_key varchar(255),
    pending_email varchar(255),
    primary key (id),
    unique key accounts_username (username_key),
    key accounts_email (email_key),
    unique key accounts_bot (bot),
    unique key accounts_verified (verified_key)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists sessions (
    id binary(16) not null,
    account_id binary(16) not null,
    user_agent mediumtext not null,
    created_at bigint not null,
    used_at bigint not null,
    expires_at bigint not null,
    ended_at bigint,
    primary key (id),
    key sessions_account (account_id, ended_at),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists refresh_tokens (
    hash varbinary(32) not null,
    session_id binary(16) not null,
    state varchar(64) not null check (state in ('live', 'used', 'superseded')),
    successor varbinary(32),
    created_at bigint not null,
    primary key (hash),
    key refresh_tokens_session (session_id),
    foreign key (session_id) references sessions (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists communities (
    id binary(16) not null,
    slug varchar(255) not null,
    name varchar(255) not null,
    description mediumtext not null default (''),
    member_count bigint not null default 0,
    post_count bigint not null default 0,
    created_by binary(16),
    created_at bigint not null,
    primary key (id),
    unique key communities_slug (slug),
    foreign key (created_by) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists community_members (
    community_id binary(16) not null,
    account_id binary(16) not null,
    role varchar(64) not null default 'member' check (role in ('member', 'moderator')),
    joined_at bigint not null,
    primary key (community_id, account_id),
    key community_members_account (account_id, role),
    foreign key (community_id) references communities (id),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists revisions (
    id binary(16) not null,
    content_id binary(16) not null,
    state varchar(64) not null check (state in ('past', 'pending')),
    title mediumtext,
    body longtext not null,
    created_at bigint not null,
    primary key (id),
    key revisions_content (content_id, state, id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists votes (
    content_id binary(16) not null,
    account_id binary(16) not null,
    value bigint not null check (value in (-1, 1)),
    cast_at bigint not null,
    primary key (content_id, account_id),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
