-- What waits in one community is found without what waits elsewhere.
create index review_items_community on review_items (community_id, state, priority, id);
