-- Whether a person acted on their own content or account.
alter table mod_actions add column own_matter bigint not null default 0;
