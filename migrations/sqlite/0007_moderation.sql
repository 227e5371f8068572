-- Tallies of accounts, kept with the rows that change them: warnings that
-- stand, and labels, with a space between two.
alter table accounts add column strikes integer not null default 0;
alter table accounts add column labels text not null default '';

-- Public marks, added up: 1 sensitive, 2 spoiler.
alter table posts add column marks integer not null default 0;
alter table comments add column marks integer not null default 0;
-- Closed to answers, with everything below it.
alter table comments add column locked integer not null default 0;
create index comments_locked on comments (post_id) where locked = 1;

-- Bans can be a plugin's effect now: then nobody's name is on them.
create table bans_with_plugins (
    id          blob    primary key not null,
    scope       text    not null check (scope in ('post', 'community', 'site')),
    scope_id    blob    not null,
    account_id  blob    not null references accounts (id),
    -- What is forbidden: 1 view, 2 comment, 4 vote, 8 post, added up.
    deeds       integer not null check (deeds between 1 and 15),
    reason      text    not null default '',
    -- Exactly one of the two.
    created_by  blob    references accounts (id),
    plugin      text,
    created_at  integer not null,
    until       integer,
    lifted_by   blob    references accounts (id),
    lifted_at   integer
) strict, without rowid;
insert into bans_with_plugins
    (id, scope, scope_id, account_id, deeds, reason, created_by, created_at, until, lifted_by,
     lifted_at)
select id, scope, scope_id, account_id, deeds, reason, created_by, created_at, until, lifted_by,
       lifted_at
from bans;
drop table bans;
alter table bans_with_plugins rename to bans;
create index bans_account on bans (account_id, scope_id, lifted_at);
create index bans_scope on bans (scope_id, id);

-- Reports wait as well, and some items are more urgent than others.
create table review_items_with_reports (
    id            blob    primary key not null,
    kind          text    not null check (kind in ('post', 'comment', 'edit', 'account', 'report')),
    -- The post, comment or account; for an edit, what is edited; for a report,
    -- what is reported.
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
insert into review_items_with_reports
    (id, kind, target_id, community_id, author_id, event_id, reason, state, created_at,
     resolved_by, resolved_at, note)
select id, kind, target_id, community_id, author_id, event_id, reason, state, created_at,
       resolved_by, resolved_at, note
from review_items;
drop table review_items;
alter table review_items_with_reports rename to review_items;
create index review_items_state on review_items (state, priority, id);
create index review_items_target on review_items (target_id, state);

-- The log of all that moderation did, by people and by plugins' effects.
create table mod_actions (
    id            blob    primary key not null,
    kind          text    not null,
    -- A person, or a plugin with the binding and the decision that wanted it.
    actor_id      blob    references accounts (id),
    plugin        text,
    binding_id    blob,
    decision_id   blob,
    target_kind   text    not null
        check (target_kind in ('post', 'comment', 'account', 'community', 'site')),
    -- 16 zero bytes: the whole site.
    target_id     blob    not null,
    -- Whom it strikes.
    account_id    blob    references accounts (id),
    -- Where; null is the whole site.
    community_id  blob    references communities (id),
    reason        text,
    -- JSON: what takes it back; null where nothing has to.
    inverse       text,
    created_at    integer not null,
    undone_by     blob    references accounts (id),
    undone_at     integer
) strict, without rowid;
create index mod_actions_target on mod_actions (target_id, id);
create index mod_actions_community on mod_actions (community_id, id);
create index mod_actions_account on mod_actions (account_id, id);
create index mod_actions_binding on mod_actions (binding_id, id);

-- What one moderator wants and another has to want as well.
create table pending_actions (
    id            blob    primary key not null,
    kind          text    not null,
    target_id     blob    not null,
    -- Where; 16 zero bytes are the whole site.
    scope_id      blob    not null,
    actor_id      blob    not null references accounts (id),
    -- What the plugin says about why.
    message       text    not null,
    created_at    integer not null
) strict, without rowid;
create unique index pending_actions_once on pending_actions (target_id, kind, scope_id, actor_id);

-- Strikes: those that were not withdrawn stand.
create table warnings (
    id            blob    primary key not null,
    account_id    blob    not null references accounts (id),
    -- Null is the whole site.
    community_id  blob    references communities (id),
    reason        text    not null,
    -- Exactly one of the two.
    created_by    blob    references accounts (id),
    plugin        text,
    created_at    integer not null,
    withdrawn_by  blob    references accounts (id),
    withdrawn_at  integer
) strict, without rowid;
create index warnings_account on warnings (account_id, id);

-- For moderators and plugins, but for public marks, which everybody sees.
create table labels (
    target_id     blob    not null,
    target_kind   text    not null check (target_kind in ('post', 'comment', 'account')),
    label         text    not null,
    is_mark       integer not null,
    -- Exactly one of the two.
    created_by    blob    references accounts (id),
    plugin        text,
    created_at    integer not null,
    primary key (target_id, label)
) strict, without rowid;

-- Pauses between two comments of one account, under a post or in a community.
create table slow_modes (
    scope_id      blob    primary key not null,
    -- Milliseconds.
    interval      integer not null check (interval > 0),
    -- Null: until it is ended.
    until         integer
) strict, without rowid;

-- What somebody reported; it waits as long as its item does.
create table reports (
    id            blob    primary key not null,
    item_id       blob    not null references review_items (id),
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
create unique index reports_once on reports (item_id, reporter_id);
create index reports_target on reports (target_id, id);
create index reports_account on reports (account_id, id);

create table appeals (
    id            blob    primary key not null,
    against       text    not null check (against in ('ban', 'removal', 'warning', 'rejection')),
    -- The ban, the warning, or what is removed or was refused.
    subject_id    blob    not null,
    account_id    blob    not null references accounts (id),
    -- Null is the whole site.
    community_id  blob    references communities (id),
    text          text    not null,
    state         text    not null check (state in ('open', 'granted', 'denied')),
    created_at    integer not null,
    decided_by    blob    references accounts (id),
    decided_at    integer,
    note          text
) strict, without rowid;
create unique index appeals_once on appeals (subject_id);
create index appeals_account on appeals (account_id, id);
create index appeals_community on appeals (community_id, state, id);
