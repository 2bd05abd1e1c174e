-- Sessions of signed-in people. The token in the browser's cookie is 256 random bits; hash is its SHA-256. A token is
-- replaced while the session lasts, and the one before is good for a moment, for requests that were under way.

alter table organizations add column session_minutes integer not null default 720
    check (session_minutes between 5 and 43200);
alter table organizations add column session_idle_minutes integer not null default 240
    check (session_idle_minutes between 5 and 43200);

create table sessions (
    org_id        uuid        not null references organizations on delete cascade,
    id            uuid        not null,
    user_id       uuid        not null,
    hash          bytea       not null unique,
    previous_hash bytea       unique,
    form_key      bytea       not null, -- every form of the session carries it, so that no other site can post one
    method        text        not null check (method in ('saml', 'password', 'passkey', 'link')),
    created_at    timestamptz not null,
    rotated_at    timestamptz not null,
    seen_at       timestamptz not null,
    expires_at    timestamptz not null,
    address       text        not null,
    agent         text        not null,
    ended_at      timestamptz,
    ended_by      text,
    primary key (org_id, id)
);
create index sessions_of_user on sessions (org_id, user_id) where ended_at is null;
create index sessions_by_end on sessions using brin (expires_at);

-- Whoever deactivates, blocks or deletes a person ends the sessions in the same transaction, by one statement on an
-- index and only then. Being asked again by every request, whether the person is active, does not suffice: a session
-- must not come back to life when the person is reactivated.
create function end_sessions_of_leaver() returns trigger language plpgsql as $$
begin
    update sessions set ended_at = clock_timestamp(), ended_by = 'deactivation'
     where org_id = new.org_id and user_id = new.id and ended_at is null;
    return null;
end
$$;
create trigger users_end_sessions after update of active, blocked_at, deleted_at on users
    for each row
    when ((old.active and not new.active)
          or (old.blocked_at is null and new.blocked_at is not null)
          or (old.deleted_at is null and new.deleted_at is not null))
    execute function end_sessions_of_leaver();
