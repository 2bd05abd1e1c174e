-- Sign-in by SAML: one identity provider for each organization, own keys that can be rolled over, what is under way in
-- browsers, what was seen before, and the sign-in log.

create table saml_settings (
    org_id              uuid        primary key references organizations on delete cascade,
    entity_id           text        not null,
    sso_url             text        not null,
    sso_binding         text        not null check (sso_binding in ('redirect', 'post')),
    slo_url             text,
    slo_binding         text        check (slo_binding in ('redirect', 'post')),
    slo_response_url    text,
    logout_issuer       text,       -- under which the provider signs logouts, where that is another name
    metadata_url        text,
    metadata_until      timestamptz,
    refreshed_at        timestamptz,
    refresh_problem     text,
    idp_initiated       boolean     not null default false,
    sign_requests       boolean     not null default true,
    require_encryption  boolean     not null default false,
    force_authn         boolean     not null default false,
    create_people       boolean     not null default false,
    enforced            boolean     not null default false,
    name_id_format      text        check (name_id_format in ('unspecified', 'email', 'persistent', 'transient')),
    stable_id_claim     text        not null,
    user_name_claim     text,       -- null: the NameID
    skew_seconds        smallint    not null default 90 check (skew_seconds between 0 and 180),
    updated_at          timestamptz not null,
    updated_by          text        not null
);

-- What the identity provider may sign with. Those from metadata are exchanged by a refresh, others stay.
create table saml_certificates (
    org_id      uuid        not null references organizations on delete cascade,
    fingerprint text        not null,
    pem         text        not null,
    subject     text        not null,
    not_before  timestamptz not null,
    not_after   timestamptz not null,
    source      text        not null check (source in ('metadata', 'manual')),
    added_at    timestamptz not null,
    warned_days smallint,
    primary key (org_id, fingerprint)
);

-- The organization's own key pairs: one active; the next one is published before it is used, an old one still deciphers.
create table saml_keys (
    org_id      uuid        not null references organizations on delete cascade,
    id          uuid        not null,
    state       text        not null check (state in ('next', 'active', 'old')),
    private_key text        not null,
    certificate text        not null,
    created_at  timestamptz not null,
    primary key (org_id, id)
);
create unique index saml_keys_state on saml_keys (org_id, state) where state in ('next', 'active');

-- Requests that a browser has under way. browser is the SHA-256 of the secret in its cookie.
create table saml_requests (
    org_id     uuid        not null references organizations on delete cascade,
    id         text        not null,
    browser    bytea       not null,
    kind       text        not null check (kind in ('signin', 'test', 'signout')),
    return_to  text        not null,
    expires_at timestamptz not null,
    primary key (org_id, id)
);
create index saml_requests_of_browser on saml_requests (org_id, browser, expires_at);

-- Assertions and logout requests that were accepted, until they could no longer be: each counts once.
create table saml_replays (
    org_id     uuid        not null references organizations on delete cascade,
    digest     bytea       not null,
    expires_at timestamptz not null,
    primary key (org_id, digest)
);

-- Who signed in under which stable id, so that a change of names on either side changes nobody.
create table saml_links (
    org_id  uuid        not null references organizations on delete cascade,
    issuer  text        not null,
    subject text        not null,
    user_id uuid        not null,
    linked_at timestamptz not null,
    primary key (org_id, issuer, subject)
);
create index saml_links_of_user on saml_links (org_id, user_id);

-- The session at the identity provider that belongs to one here: what a logout on either side has to name.
create table saml_sessions (
    org_id             uuid        not null references organizations on delete cascade,
    session_id         uuid        not null,
    issuer             text        not null,
    name_id            text        not null,
    format             text,
    qualifier          text,
    provider_qualifier text,
    session_index      text,
    primary key (org_id, session_id)
);
create index saml_sessions_of_name on saml_sessions (org_id, issuer, name_id);

-- Every sign-in that was tried. check_name is the check that refused it; steps are all checks with what came of them.
create table signin_log (
    org_id     uuid        not null references organizations on delete cascade,
    id         uuid        not null,
    at         timestamptz not null,
    method     text        not null,
    kind       text        not null,
    accepted   boolean     not null,
    check_name text,
    detail     text        not null,
    user_id    uuid,
    subject    text        not null,
    steps      jsonb       not null,
    attributes jsonb,      -- of a test sign-in only
    address    text        not null,
    agent      text        not null,
    primary key (org_id, id)
);
create index signin_log_refused on signin_log (org_id, id) where not accepted;
create index signin_log_by_time on signin_log using brin (at);
