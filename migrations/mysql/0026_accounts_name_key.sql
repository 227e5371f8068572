alter table accounts
    add column name_key varchar(255) generated always as (lower(username)) virtual,
    add column look_alike_key varchar(255) generated always as
        (replace(replace(lower(replace(username, 'I', 'l')), '0', 'o'), '1', 'l')) virtual;
