-- Keys of programs. As with tokens only the SHA-256 and the visible start are stored. user_id: the person that the key
-- acts as; null: the organization itself.
create table api_keys (
    org_id       uuid        not null references organizations on delete cascade,
    id           uuid        not null,
    user_id      uuid,
    label        text        not null,
    hint         text        not null,
    hash         bytea       not null unique,
    scopes       text[]      not null,
    created_at   timestamptz not null,
    created_by   text        not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    primary key (org_id, id)
);

-- Answers to requests that came with an Idempotency-Key, for a day. status null: the request is being carried out;
-- body null: the answer held a secret. digest is that of method, path and body.
create table api_replies (
    org_id     uuid        not null,
    key_id     uuid        not null,
    name       text        not null,
    digest     bytea       not null,
    status     smallint,
    body       bytea,
    media_type text,
    location   text,
    etag       text,
    created_at timestamptz not null,
    primary key (org_id, key_id, name),
    foreign key (org_id, key_id) references api_keys (org_id, id) on delete cascade
);
create index api_replies_by_time on api_replies (org_id, key_id, created_at);
