-- What the kind and the target of an act do not say: the label, the new role, the names
-- before and after, the id of a binding, a webhook or a job.
alter table mod_actions add column detail text;
