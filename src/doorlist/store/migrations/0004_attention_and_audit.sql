-- What waits for an administrator, who may come back, and an audit log that the database itself keeps append-only.

alter table attention_items add column resolved_by text;
alter table attention_items add column resolution text;
create index attention_items_open on attention_items (org_id, raised_at) where resolved_at is null;

-- A directory's group or person that returns is known by the external id of the one that was deleted.
create index groups_parked on groups (org_id, connection_id, external_id) where deleted_at is not null;
create index users_buried on users (org_id, connection_id, external_id) where deleted_at is not null;
create index users_of_role on users (org_id, role) where role in ('owner', 'admin') and deleted_at is null;

-- link is the place in the chain of the organization: sealing follows the order in which events became visible, which
-- is not always that of seq. seal = SHA-256 of the seal before and of the event.
alter table audit_events add column link bigint;
create unique index audit_events_chain on audit_events (org_id, link) where link is not null;
create index audit_events_unsealed on audit_events (org_id, seq) where link is null;

create table audit_heads (
    org_id    uuid        primary key references organizations on delete cascade,
    link      bigint      not null,
    seal      bytea       not null,
    sealed_at timestamptz not null
);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.link is null and new.link is not null and new.seal is not null
       and to_jsonb(new) - 'link' - 'seal' = to_jsonb(old) - 'link' - 'seal' then
        return new;
    end if;
    raise exception 'audit events are never changed and never deleted' using errcode = 'restrict_violation';
end
$$;
create trigger audit_events_append_only before update or delete on audit_events
    for each row execute function refuse_audit_change();
create trigger audit_events_not_emptied before truncate on audit_events
    for each statement execute function refuse_audit_change();
