alter table community_members
    add column appointed_at bigint not null default 9223372036854775807,
    add key community_members_rank (community_id, role, appointed_at, account_id);
