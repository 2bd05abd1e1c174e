-- The operator's way into the console: a link made on the command line, good once and for minutes, becomes a session.
-- The secrets are never stored: hash is SHA-256 of 256 random bits. The tables belong to no organization.
create table operator_links (
    hash       bytea       primary key,
    name       text        not null,
    expires_at timestamptz not null
);

create table operator_sessions (
    hash         bytea       primary key,
    name         text        not null,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null
);
