-- Of what a batch takes back: what plugins had been asked, why something stays as it
-- is, and how many mails that were sent told of it.
alter table undo_items add column event_id blob;
alter table undo_items add column reason text;
alter table undo_items add column mailed integer not null default 0;
