-- Extension schemas that an organization declares. definition is the schema in the form of RFC 7643 section 7; revision
-- moves with every change, so that a write finds out that it was read by an older one.
create table declared_schemas (
    org_id         uuid        not null references organizations on delete cascade,
    urn_key        text        not null, -- in lower case: URNs are compared so
    urn            text        not null,
    resource_types text[]      not null check (resource_types <@ array['User', 'Group'] and resource_types <> '{}'),
    definition     json        not null,
    revision       bigint      not null default 1,
    declared_at    timestamptz not null,
    changed_at     timestamptz not null,
    primary key (org_id, urn_key)
);

-- The values of attributes that a declared schema calls unique, in comparison form; attribute is urn:name in lower case.
create table declared_values (
    org_id        uuid not null references organizations on delete cascade,
    resource_id   uuid not null,
    attribute     text not null,
    resource_type text not null,
    connection_id uuid not null,
    value         text not null,
    primary key (org_id, resource_id, attribute)
);
create unique index declared_values_once on declared_values (org_id, attribute, value, connection_id, resource_type);
