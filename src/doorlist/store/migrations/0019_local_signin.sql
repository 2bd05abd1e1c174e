-- Sign-in without an identity provider, for owners who must get in when it does not work and for organizations without
-- one; the domains that decide who is sent to which sign-in; what slows guessing down.

-- password is an argon2 hash. A one-time code counts once: totp_step is the step of the last that was used.
create table local_credentials (
    org_id      uuid        not null references organizations on delete cascade,
    user_id     uuid        not null,
    password    text        not null,
    totp_secret text        not null,
    totp_step   bigint      not null default 0,
    set_at      timestamptz not null,
    primary key (org_id, user_id)
);

create table passkeys (
    org_id        uuid        not null references organizations on delete cascade,
    id            uuid        not null,
    user_id       uuid        not null,
    credential_id bytea       not null,
    public_key    bytea       not null,
    sign_count    bigint      not null,
    label         text        not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz,
    primary key (org_id, id)
);
create unique index passkeys_credential on passkeys (org_id, credential_id);
create index passkeys_of_user on passkeys (org_id, user_id);

-- A challenge is answered once, by the browser that it was given to.
create table passkey_challenges (
    org_id     uuid        not null references organizations on delete cascade,
    browser    bytea       not null,
    challenge  bytea       not null,
    user_id    uuid,
    expires_at timestamptz not null,
    primary key (org_id, browser)
);

-- An invitation or a recovery: a link that is good once. hash is SHA-256 of its 256 random bits.
create table signin_links (
    org_id     uuid        not null references organizations on delete cascade,
    id         uuid        not null,
    user_id    uuid        not null,
    purpose    text        not null check (purpose in ('invite', 'recover')),
    hash       bytea       not null unique,
    created_at timestamptz not null,
    created_by text        not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    primary key (org_id, id)
);

-- Failures by the SHA-256 of what is being guessed (a person, an address). Belongs to no organization.
create table signin_failures (
    digest   bytea       primary key,
    failures integer     not null,
    last_at  timestamptz not null
);

-- A domain counts once it is verified, by a TXT record or by the word of the operator; then for one organization only.
create table domains (
    org_id      uuid        not null references organizations on delete cascade,
    domain      text        not null,
    token       text        not null,
    added_at    timestamptz not null,
    verified_at timestamptz,
    verified_by text,
    checked_at  timestamptz,
    primary key (org_id, domain)
);
create unique index domains_verified on domains (domain) where verified_at is not null;
