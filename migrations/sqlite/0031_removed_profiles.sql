-- The bios and avatars that admins removed, kept for a while to restore them.
create table removed_profiles (
    account_id  blob    not null references accounts (id),
    -- bio or avatar.
    part        text    not null,
    bio         text,
    media_id    blob,
    removed_at  integer not null,
    primary key (account_id, part)
) strict, without rowid;
create index removed_profiles_removed on removed_profiles (removed_at);
