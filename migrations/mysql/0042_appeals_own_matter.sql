-- Whether somebody decided whom the appeal concerns, because nobody else could.
alter table appeals add column own_matter bigint not null default 0;
