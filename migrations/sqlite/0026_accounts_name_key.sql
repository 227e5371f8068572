-- Names are ASCII: both engines fold them alike, and like base::text::name_key. Programs
-- of the last release write a name and need not know these.
alter table accounts add column name_key text generated always as (lower(username)) virtual;
-- What names have in common that are drawn alike: accounts::model::drawn_key. For refusing
-- new names only.
alter table accounts add column look_alike_key text generated always as
    (replace(replace(lower(replace(username, 'I', 'l')), '0', 'o'), '1', 'l')) virtual;
