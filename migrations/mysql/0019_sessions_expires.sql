-- Sessions are forgotten by when they ended, or would have.
create index sessions_expires on sessions (expires_at);
