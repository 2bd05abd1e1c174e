-- How many people a directory may deactivate or delete and memberships it may end within an hour before an
-- administrator is asked. Null: no limit, and nothing is counted.

alter table organizations add column removal_limit integer check (removal_limit > 0);
alter table organizations add column removals_allowed_until timestamptz;
alter table organizations add column removals_held boolean not null default false;

create table recent_removals (
    org_id uuid        not null references organizations on delete cascade,
    id     bigint      generated always as identity,
    at     timestamptz not null,
    count  integer     not null,
    primary key (org_id, id)
);
create index recent_removals_by_time on recent_removals (org_id, at);
