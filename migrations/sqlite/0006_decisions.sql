-- What plugins were asked is kept once for each event, and what each of them
-- answered in a short row: which version with which settings is known from the
-- revision of its binding.

create table hook_events (
    -- Rows are long, and new ones go to the end of the table.
    number        integer primary key,
    id            blob    not null unique,
    hook          text    not null,
    -- JSON: what plugins were asked. Null once it has been erased.
    input         text,
    -- What happened in the end, after every plugin was heard.
    outcome       text    not null,
    actor_id      blob,
    -- The post, comment or account that it is about.
    target_id     blob,
    community_id  blob,
    created_at    integer not null
) strict;

alter table decisions rename to decisions_before;

create table decisions (
    event_id         blob    not null,
    binding_id       blob    not null,
    -- It carries the same millisecond as the id of the event, which is how a
    -- decision is found by its id.
    id               blob    not null,
    -- Of the binding.
    revision         integer not null,
    mode             text    not null,
    -- What this plugin said, or what its failure came to; see fault.
    verdict          text    not null,
    duration_us      integer not null,
    message          text,
    -- JSON, see wit/: what was to change, why, and what was wanted besides.
    patch            text,
    evidence         text,
    effects          text,
    refused_effects  text,
    -- JSON: what the host was asked, and answered.
    reads            text,
    -- JSON: what this plugin was asked, where another had changed it before.
    input            text,
    fault            text,
    fault_detail     text,
    primary key (event_id, binding_id)
) strict, without rowid;

-- Of the decisions on one event, an enforcing one tells what was asked.
insert into hook_events
    (id, hook, input, outcome, actor_id, target_id, community_id, created_at)
select event_id, hook, json_set(input, '$.context.mode', 'enforce'), outcome, actor_id,
       target_id, community_id, created_at
from (select d.*, min(mode || hex(id)) from decisions_before d group by event_id)
order by event_id;

insert into decisions
    (event_id, binding_id, id, revision, mode, verdict, duration_us, message, evidence, input,
     fault, fault_detail)
select d.event_id, d.binding_id, d.id,
       coalesce(
           (select max(r.revision)
            from (select binding_id, revision, digest, changed_at
                  from plugin_binding_revisions
                  union all
                  select id, revision, digest, changed_at from plugin_bindings) r
            where r.binding_id = d.binding_id and r.digest = d.digest
              and r.changed_at <= d.created_at),
           (select b.revision from plugin_bindings b where b.id = d.binding_id),
           1),
       d.mode, d.verdict, d.duration_us, d.message, nullif(d.evidence, '[]'),
       case when json_set(d.input, '$.context.mode', 'enforce') = e.input then null
            else d.input end,
       d.fault, d.fault_detail
from decisions_before d join hook_events e on e.id = d.event_id
where true
on conflict do nothing;

drop table decisions_before;

create index hook_events_target on hook_events (target_id, id);
create index hook_events_community on hook_events (community_id, id);
create index decisions_binding on decisions (binding_id, event_id);

-- Closed accounts that are to go from what is on record, and how far that has
-- come: the number of the last event that was looked at.
create table hook_erasures (
    account_id  blob    primary key not null,
    swept       integer not null
) strict, without rowid;
