-- Mail to people. A row is a mail that is to be sent, and for a week what was.
create table mails (
    -- Also its Message-ID: who gets it twice can tell.
    id           blob    primary key not null,
    kind         text    not null check (kind in
        ('verify_address', 'reset_password', 'signed_in', 'password_changed',
         'address_changed', 'digest')),
    -- Whose it is; null while only the address is known.
    account_id   blob    references accounts (id),
    address      text    not null,
    address_key  text    not null,
    -- JSON: names and values. No token: those are made when it is sent.
    details      text    not null,
    -- waiting; sent; dropped: nobody is to have it any more.
    state        text    not null check (state in ('waiting', 'sent', 'dropped')),
    created_at   integer not null,
    sent_at      integer
) strict, without rowid;
create index mails_address on mails (address_key, kind, created_at);
create index mails_account on mails (account_id);
create index mails_old on mails (created_at);

-- What the links in mails prove, hashed.
create table mail_tokens (
    hash        blob    primary key not null,
    kind        text    not null check (kind in ('verify_address', 'reset_password')),
    account_id  blob    not null references accounts (id),
    -- The address that it was sent to.
    address     text    not null,
    expires_at  integer not null
) strict, without rowid;
create index mail_tokens_account on mail_tokens (account_id, kind);
create index mail_tokens_old on mail_tokens (expires_at);

-- The key of the address once it is verified: then it is one account's.
alter table accounts add column verified_key text;
create unique index accounts_verified on accounts (verified_key);
-- The address that is to take the place of the other once it is verified.
alter table accounts add column pending_email text;

-- Those who want a mail now and then of what they have not read.
create table digests (
    account_id  blob    primary key not null references accounts (id),
    -- Ends them, and nothing else: who has the mail may.
    token       text    not null,
    -- Not before this.
    due_at      integer not null,
    -- The last place in the list of notifications that one told of.
    told_to     integer not null
) strict, without rowid;
create unique index digests_token on digests (token);
create index digests_due on digests (due_at);
