-- Whoever leaves loses the personal keys as well, for good: a key does not wake up with a reactivated person.

create index api_keys_of_person on api_keys (org_id, user_id) where user_id is not null and revoked_at is null;

create or replace function end_sessions_of_leaver() returns trigger language plpgsql as $$
begin
    update sessions set ended_at = clock_timestamp(), ended_by = 'deactivation'
     where org_id = new.org_id and user_id = new.id and ended_at is null;
    update api_keys set revoked_at = clock_timestamp()
     where org_id = new.org_id and user_id = new.id and revoked_at is null;
    return null;
end
$$;
