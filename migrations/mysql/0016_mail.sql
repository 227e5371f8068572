create table if not exists mails (
    id binary(16) not null,
    kind varchar(64) not null check (kind in
        ('verify_address', 'reset_password', 'signed_in', 'password_changed',
         'address_changed', 'digest')),
    account_id binary(16),
    address varchar(255) not null,
    address_key varchar(255) not null,
    details longtext not null,
    state varchar(64) not null check (state in ('waiting', 'sent', 'dropped')),
    created_at bigint not null,
    sent_at bigint,
    primary key (id),
    key mails_address (address_key, kind, created_at),
    key mails_account (account_id),
    key mails_old (created_at),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists mail_tokens (
    hash varbinary(32) not null,
    kind varchar(64) not null check (kind in ('verify_address', 'reset_password')),
    account_id binary(16) not null,
    address varchar(255) not null,
    expires_at bigint not null,
    primary key (hash),
    key mail_tokens_account (account_id, kind),
    key mail_tokens_old (expires_at),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;

create table if not exists digests (
    account_id binary(16) not null,
    token varchar(255) not null,
    due_at bigint not null,
    told_to bigint not null,
    primary key (account_id),
    unique key digests_token (token),
    key digests_due (due_at),
    foreign key (account_id) references accounts (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin;
