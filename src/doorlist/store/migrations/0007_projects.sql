-- What members work on: projects in folders, tasks in projects. position is a fraction, so that something is put between
-- two others without writing either; version counts the changes, for writers who must not undo each other's.

create table projects (
    org_id      uuid        not null references organizations on delete cascade,
    id          uuid        not null,
    folder_id   uuid        not null,
    name        text        not null,
    position    numeric     not null,
    version     bigint      not null default 1,
    created_at  timestamptz not null,
    created_by  text        not null,
    modified_at timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, folder_id) references resources (org_id, id) on delete cascade
);
create index projects_in_order on projects (org_id, folder_id, position, id);

create table tasks (
    org_id      uuid        not null references organizations on delete cascade,
    id          uuid        not null,
    project_id  uuid        not null,
    title       text        not null,
    notes       text        not null default '',
    done_at     timestamptz,
    done_by     text,
    position    numeric     not null,
    version     bigint      not null default 1,
    created_at  timestamptz not null,
    created_by  text        not null,
    modified_at timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, project_id) references projects (org_id, id) on delete cascade,
    check ((done_at is null) = (done_by is null))
);
create index tasks_in_order on tasks (org_id, project_id, position, id);
