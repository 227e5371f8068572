alter table mod_actions add column detail mediumtext;
