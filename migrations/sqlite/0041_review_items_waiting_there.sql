-- The queue of one community: by priority, then the oldest first.
create index review_items_waiting_there on review_items (community_id, state, priority desc, id);
