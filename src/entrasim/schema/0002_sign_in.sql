-- Sign-in by SAML. Settings of the identity provider are rows of `settings`; these are what grows and ends.

-- state: inactive (published, not used), active (signs; one at most), retired (still published until it is removed).
create table signing_keys (
    id          text primary key,
    state       text not null check (state in ('inactive', 'active', 'retired')),
    private_key text not null,
    certificate text not null
);
create unique index signing_keys_active on signing_keys (state) where state = 'active';

-- A browser that signed in here. Only a hash of the cookie is kept.
create table sign_ins (
    cookie_hash text primary key,
    person_key  integer not null,
    began       text not null,
    expires     text not null
) without rowid;

-- Applications that a browser was signed in to: what a logout has to tell. `cookie_hash` names the sign-in.
create table assertions (
    id          text primary key,
    cookie_hash text not null,
    name_id     text not null,
    name_format text not null,
    issued      text not null
) without rowid;
create index assertions_sign_in on assertions (cookie_hash);
