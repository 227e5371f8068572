create table plugin_versions (
    digest       text    primary key not null,
    plugin       text    not null,
    version      text    not null,
    description  text    not null default '',
    license      text    not null default '',
    -- JSON: the hooks that the component exports.
    hooks        text    not null,
    size         integer not null,
    component    blob    not null,
    uploaded_by  blob    references accounts (id),
    created_at   integer not null
) strict, without rowid;
create index plugin_versions_plugin on plugin_versions (plugin, created_at);

create table plugin_bindings (
    id            blob    primary key not null,
    -- 16 zero bytes: the whole site.
    scope_id      blob    not null,
    plugin        text    not null,
    digest        text    not null references plugin_versions (digest),
    settings      text    not null,
    mode          text    not null check (mode in ('off', 'shadow', 'enforce')),
    failure_mode  text    not null check (failure_mode in ('open', 'closed', 'hold')),
    priority      integer not null,
    may_modify    integer not null,
    revision      integer not null,
    created_at    integer not null,
    changed_at    integer not null,
    changed_by    blob    references accounts (id),
    removed_at    integer
) strict, without rowid;

-- What a binding was before each change, so that it can be again.
create table plugin_binding_revisions (
    binding_id    blob    not null references plugin_bindings (id),
    revision      integer not null,
    digest        text    not null,
    settings      text    not null,
    mode          text    not null,
    failure_mode  text    not null,
    priority      integer not null,
    may_modify    integer not null,
    changed_at    integer not null,
    changed_by    blob,
    primary key (binding_id, revision)
) strict, without rowid;

-- One row; every change of a binding adds one, so that other nodes notice.
create table plugin_generation (
    id          integer primary key not null check (id = 1),
    generation  integer not null
) strict;
insert into plugin_generation (id, generation) values (1, 1);

-- A table with row ids: its rows are long, and new ones go to its end.
create table decisions (
    id             blob    primary key not null,
    hook           text    not null,
    event_id       blob    not null,
    binding_id     blob    not null,
    plugin         text    not null,
    digest         text    not null,
    settings_hash  text    not null,
    mode           text    not null,
    -- What this plugin said, or what its failure came to; see fault.
    verdict        text    not null,
    -- What happened in the end, after every plugin was heard.
    outcome        text    not null,
    message        text,
    -- JSON, see wit/types.wit.
    evidence       text    not null,
    fault          text,
    fault_detail   text,
    duration_us    integer not null,
    -- JSON: what the plugin was asked.
    input          text    not null,
    actor_id       blob,
    -- The post, comment or account that it is about.
    target_id      blob,
    community_id   blob,
    created_at     integer not null
) strict;
create index decisions_target on decisions (target_id, id);
create index decisions_binding on decisions (binding_id, id);
create index decisions_community on decisions (community_id, id);

create table review_items (
    id            blob    primary key not null,
    kind          text    not null check (kind in ('post', 'comment', 'edit', 'account')),
    -- The post, comment or account; for an edit, what is edited.
    target_id     blob    not null,
    community_id  blob,
    author_id     blob,
    -- What plugins were asked about, if it is they who hold it.
    event_id      blob,
    reason        text    not null,
    state         text    not null check (state in ('open', 'approved', 'removed', 'superseded')),
    created_at    integer not null,
    resolved_by   blob    references accounts (id),
    resolved_at   integer,
    note          text
) strict, without rowid;
create index review_items_state on review_items (state, id);
create index review_items_target on review_items (target_id, state);
