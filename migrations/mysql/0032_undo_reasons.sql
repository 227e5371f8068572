-- Of what a batch takes back: what plugins had been asked, why something stays as it
-- is, and how many mails that were sent told of it.
alter table undo_items
    add column event_id binary(16),
    add column reason varchar(64),
    add column mailed bigint not null default 0;
