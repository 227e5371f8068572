-- When a moderator was appointed: the rank of moderators, the earliest first. The largest
-- number for members, and for moderators whom a program appoints that does not know this.
alter table community_members
    add column appointed_at integer not null default 9223372036854775807;
create index community_members_rank
    on community_members (community_id, role, appointed_at, account_id);
