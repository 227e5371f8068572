create table if not exists outbox (
    id binary(16) not null,
    occurrence longtext not null,
    created_at bigint not null,
    primary key (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists jobs (
    id binary(16) not null,
    kind varchar(64) not null,
    payload longtext not null,
    state varchar(64) not null check (state in ('waiting', 'active', 'delayed', 'completed', 'failed', 'parked')),
    priority bigint not null default 0,
    attempts bigint not null default 0,
    max_attempts bigint not null,
    run_at bigint not null,
    lease_until bigint,
    unique_key varchar(255),
    progress bigint not null default 0,
    last_error mediumtext,
    keep bigint not null default 0,
    created_at bigint not null,
    finished_at bigint,
    primary key (id),
    unique key jobs_unique (unique_key),
    key jobs_state (state, priority desc, id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists schedules (
    name varchar(255) not null,
    ran_at bigint not null,
    primary key (name)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
