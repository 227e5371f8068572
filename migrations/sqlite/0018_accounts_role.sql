-- Who runs the site is looked for by their role, among all accounts.
create index accounts_role on accounts (role, state);
