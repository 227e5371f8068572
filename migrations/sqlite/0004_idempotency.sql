-- Requests that were sent with an Idempotency-Key, and what was answered.
create table idempotency_keys (
    -- SHA-256 of the account and the key.
    id          blob    primary key not null,
    -- SHA-256 of method, path and body.
    request     blob    not null,
    status      integer,
    location    text,
    body        blob,
    created_at  integer not null
) strict, without rowid;
create index idempotency_keys_created on idempotency_keys (created_at);
