-- Of moderators so far only the time is known when they became members.
update community_members set appointed_at = joined_at where role = 'moderator';
