-- Marks on the way through a connection's people in the order of their ids, so that a page by number counts neither what it
-- skips nor what it does not show. Everybody up to connections.people_marked is counted in exactly one mark, the first whose
-- upto is not below the id; a new id is always beyond people_marked.
alter table connections add column people_marked uuid not null default '00000000-0000-0000-0000-000000000000';

create table page_marks (
    org_id        uuid    not null,
    connection_id uuid    not null,
    upto          uuid    not null,
    people        integer not null,
    primary key (org_id, connection_id, upto),
    foreign key (org_id, connection_id) references connections (org_id, id) on delete cascade
);

-- Unique values of a resource that was deleted stay with it, released, for as long as it can be restored.
alter table declared_values add column released boolean not null default false;
drop index declared_values_once;
create unique index declared_values_once on declared_values (org_id, attribute, value, connection_id, resource_type)
    where not released;
