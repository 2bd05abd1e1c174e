-- The rows of change sets that are too large for one event, in parts of a JSON array each. The event holds their
-- digest, so that the seal of the event holds them as well.

create table audit_details (
    org_id     uuid    not null references organizations on delete cascade,
    request_id uuid    not null,
    part       integer not null,
    rows       text    not null,
    primary key (org_id, request_id, part)
);

create function refuse_detail_change() returns trigger language plpgsql as $$
begin
    raise exception 'audit details are never changed and never deleted' using errcode = 'restrict_violation';
end
$$;
create trigger audit_details_append_only before update or delete on audit_details
    for each row execute function refuse_detail_change();
create trigger audit_details_not_emptied before truncate on audit_details
    for each statement execute function refuse_detail_change();
