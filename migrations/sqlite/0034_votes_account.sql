-- The votes of one account, by when they were cast.
create index votes_account on votes (account_id, cast_at);
