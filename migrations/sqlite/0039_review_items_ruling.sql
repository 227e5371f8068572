-- The reason that the author was given with the resolution; and whether the item was settled
-- by somebody whom it concerns, because nobody else could.
alter table review_items add column resolution_reason text;
alter table review_items add column own_matter integer not null default 0;
