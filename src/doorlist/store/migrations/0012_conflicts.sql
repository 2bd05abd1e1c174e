-- What a directory could not write because a value that has to be unique belongs to another resource. One row for the
-- same attempt on the same value, however often it is repeated; written with the request log, never by a request.
-- target_id is the resource that was to be changed, null for one that was to be created.

create table conflicts (
    org_id          uuid        not null references organizations on delete cascade,
    id              uuid        not null,
    connection_id   uuid        not null,
    kind            text        not null check (kind in ('User', 'Group')),
    attribute       text        not null,
    value           text        not null,
    value_key       text        not null,
    method          text        not null,
    target_id       uuid,
    existing_id     uuid,
    existing_active boolean,
    times           integer     not null,
    first_at        timestamptz not null,
    last_at         timestamptz not null,
    request_id      uuid        not null,
    closed_at       timestamptz,
    outcome         text,
    primary key (org_id, id)
);
create unique index conflicts_open on conflicts (org_id, connection_id, kind, attribute, value_key, target_id)
    nulls not distinct where closed_at is null;
create index conflicts_by_time on conflicts (org_id, last_at);
