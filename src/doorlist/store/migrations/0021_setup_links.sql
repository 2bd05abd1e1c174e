-- A link by which an organization lets its IT contact set up the directory, and nothing else. The secret is not stored.
create table setup_links (
    org_id     uuid        not null references organizations on delete cascade,
    id         uuid        not null,
    hash       bytea       not null unique,
    contact    text        not null,
    created_at timestamptz not null,
    created_by text        not null,
    expires_at timestamptz not null,
    opened_at  timestamptz,
    revoked_at timestamptz,
    primary key (org_id, id)
);
