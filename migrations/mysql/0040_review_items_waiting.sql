-- The queue: by priority, then the oldest first.
create index review_items_waiting on review_items (state, priority desc, id);
