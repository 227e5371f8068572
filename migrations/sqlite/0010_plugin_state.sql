-- What plugins remember, each binding for itself.
create table plugin_state (
    binding_id  blob    not null,
    kind        text    not null check (kind in ('counter', 'value', 'member')),
    -- The name of the counter, of the value, or of the set.
    key         text    not null,
    -- Of a set.
    member      text    not null default '',
    -- The bucket of a counter: when it begins, and how long it is.
    starts_at   integer not null default 0,
    width       integer not null default 0,
    amount      integer not null default 0,
    value       text    not null default '',
    -- What it counts for in the quota.
    bytes       integer not null,
    -- The account that it is erased with.
    subject     text,
    expires_at  integer,
    primary key (binding_id, kind, key, member, starts_at, width)
) strict;
create index plugin_state_subject on plugin_state (subject) where subject is not null;
create index plugin_state_expiry on plugin_state (expires_at, binding_id, kind, bytes)
    where expires_at is not null;

-- How much each binding has stored, kept in step by triggers.
create table plugin_state_usage (
    binding_id   blob    primary key not null,
    value_count  integer not null,
    bytes        integer not null
) strict, without rowid;

create trigger plugin_state_inserted after insert on plugin_state begin
    insert into plugin_state_usage (binding_id, value_count, bytes)
    values (new.binding_id, new.kind = 'value', new.bytes)
    on conflict (binding_id) do update
    set value_count = value_count + excluded.value_count, bytes = bytes + excluded.bytes;
end;
create trigger plugin_state_updated after update of bytes on plugin_state
when new.bytes <> old.bytes begin
    update plugin_state_usage set bytes = bytes + new.bytes - old.bytes
    where binding_id = new.binding_id;
end;
create trigger plugin_state_deleted after delete on plugin_state begin
    update plugin_state_usage
    set value_count = value_count - (old.kind = 'value'), bytes = bytes - old.bytes
    where binding_id = old.binding_id;
end;
