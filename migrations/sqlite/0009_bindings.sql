-- What a component asks for: grants as JSON, and the JSON Schema of its settings.
alter table plugin_versions add column wanted_grants text not null default '{}';
alter table plugin_versions add column settings_schema text;

-- Bindings, and all that they ever were. What can change of a binding stands in
-- its revisions, the current one included: a decision names binding and revision
-- and finds there what decided.
create table bindings_next (
    id               blob    primary key not null,
    -- 16 zero bytes: the whole site.
    scope_id         blob    not null,
    plugin           text    not null,
    -- The current one.
    revision         integer not null,
    -- The file that says what it is, in the watched folder, and its hash.
    file             text,
    file_hash        text,
    -- Moderators made it what it is: their envelope bounds it.
    is_bounded       integer not null default 0,
    -- Since when it is not called because somebody said so.
    quarantined_at   integer,
    -- Counts what people did to its breaker, so that other nodes do it too.
    breaker_turns    integer not null default 0,
    created_at       integer not null,
    removed_at       integer
) strict, without rowid;
insert into bindings_next (id, scope_id, plugin, revision, created_at, removed_at)
select id, scope_id, plugin, revision, created_at, removed_at from plugin_bindings;

create table revisions_next (
    binding_id     blob    not null references bindings_next (id),
    revision       integer not null,
    digest         text    not null references plugin_versions (digest),
    -- SHA-256, hexadecimal; empty until the server has computed it.
    settings_hash  text    not null,
    mode           text    not null check (mode in ('off', 'shadow', 'enforce')),
    failure_mode   text    not null check (failure_mode in ('open', 'closed', 'hold')),
    priority       integer not null,
    -- JSON, see hooks::Grants.
    grants         text    not null,
    -- JSON, see plugin_admin::Limits.
    limits         text    not null,
    changed_at     integer not null,
    changed_by     blob,
    -- As what it was changed.
    changed_as     text    not null check (changed_as in ('admin', 'moderator', 'file', 'system')),
    -- Why, when the server did it.
    reason         text,
    -- Last: it may be long, and most reads can do without.
    settings       text    not null,
    primary key (binding_id, revision)
) strict, without rowid;
insert into revisions_next
select r.binding_id, r.revision, r.digest, '', r.mode, r.failure_mode, r.priority,
       iif(r.may_modify, '{"modify":true}', '{}'), '{}', r.changed_at, r.changed_by, 'admin', null,
       r.settings
from (select binding_id, revision, digest, mode, failure_mode, priority, may_modify, changed_at,
             changed_by, settings
      from plugin_binding_revisions
      union all
      select id, revision, digest, mode, failure_mode, priority, may_modify, changed_at,
             changed_by, settings
      from plugin_bindings) r;

drop table plugin_binding_revisions;
drop table plugin_bindings;
alter table bindings_next rename to plugin_bindings;
alter table revisions_next rename to plugin_binding_revisions;
create unique index plugin_bindings_file on plugin_bindings (file)
    where file is not null and removed_at is null;

-- What a community's moderators may bind there.
create table plugin_envelopes (
    community_id  blob    primary key not null references communities (id),
    -- JSON, see plugin_envelopes::Envelope.
    envelope      text    not null,
    changed_at    integer not null,
    changed_by    blob    references accounts (id)
) strict, without rowid;

-- Each attempt to put something to work, step by step.
create table plugin_activations (
    id             blob    primary key not null,
    -- Also of a binding that never came about.
    binding_id     blob    not null,
    digest         text    not null,
    settings_hash  text    not null,
    state          text    not null check (state in ('running', 'active', 'refused')),
    -- The last one done; of a refused candidate the one that refused it.
    step           text    not null,
    code           text,
    error          text,
    -- JSON: how the candidate judged recorded events.
    probe          text,
    started_at     integer not null,
    finished_at    integer
) strict, without rowid;
create index plugin_activations_binding on plugin_activations (binding_id, id);
