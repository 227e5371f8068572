-- The key that the foreign key made for itself is a part of votes_account. The server drops
-- it by itself where it still knows that nobody asked for it; a copy from a dump keeps it.
set @statement = (
    select if(count(*) = 0, 'do 0', 'alter table votes drop key account_id')
    from information_schema.statistics
    where table_schema = database() and table_name = 'votes' and index_name = 'account_id');
prepare change_votes from @statement;
execute change_votes;
deallocate prepare change_votes;
