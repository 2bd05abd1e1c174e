-- The first schema. Every tenant table has org_id first in its primary key, so the whole shards by organization.
-- Times are timestamptz in UTC; ids are UUIDs of version 7, made by the service, so that they sort by creation.

create table organizations (
    org_id                    uuid primary key,
    slug                      text        not null unique,
    name                      text        not null,
    plan                      text        not null check (plan in ('free', 'team', 'business', 'enterprise')),
    removal_policy            text        not null default 'keep' check (removal_policy in ('keep', 'remove')),
    members_create_workspaces boolean     not null default true,
    scim_enabled              boolean     not null default true,
    created_at                timestamptz not null
);

-- One directory that provisions into an organization. Its people and groups are its own.
create table connections (
    org_id     uuid        not null references organizations on delete cascade,
    id         uuid        not null,
    name       text        not null,
    created_at timestamptz not null,
    primary key (org_id, id)
);

-- The token itself is never stored: hash is SHA-256 of 256 random bits, hint is the start that the console shows.
create table tokens (
    org_id          uuid        not null references organizations on delete cascade,
    id              uuid        not null,
    connection_id   uuid        not null,
    label           text        not null,
    hint            text        not null,
    hash            bytea       not null unique,
    scopes          text[]      not null,
    created_at      timestamptz not null,
    created_by      text        not null,
    expires_at      timestamptz,
    revoked_at      timestamptz,
    last_used_at    timestamptz,
    last_used_agent text,
    replaces        uuid,     -- the token that this one is to take over from, while both live
    warned_days     smallint, -- the smallest number of days before its end that was warned of
    primary key (org_id, id),
    foreign key (org_id, connection_id) references connections (org_id, id) on delete cascade
);

-- A connection that an administrator has paused: its requests are put off until the row is gone.
create table connection_pauses (
    org_id        uuid        not null,
    connection_id uuid        not null,
    since         timestamptz not null,
    paused_by     text        not null,
    primary key (org_id, connection_id),
    foreign key (org_id, connection_id) references connections (org_id, id) on delete cascade
);

-- No two indexes start with the same two columns: before the first ANALYZE the planner takes any such prefix for unique.
-- doc is the SCIM document as it is answered (canonical names, no id, meta, groups, schemas).
-- search is the same document in comparison form: folded strings where case does not count, UTC instants.
-- connection_id is null for people who were not provisioned by a directory.
create table users (
    org_id        uuid        not null references organizations on delete cascade,
    id            uuid        not null,
    connection_id uuid,
    role          text        not null default 'member' check (role in ('owner', 'admin', 'member', 'guest')),
    user_name     text        not null,
    user_name_key text        not null,
    external_id   text,
    display_name  text        not null,
    active        boolean     not null,
    doc           text        not null,
    search        jsonb       not null,
    version       bigint      not null default 1,
    created_at    timestamptz not null,
    modified_at   timestamptz not null,
    deleted_at    timestamptz,
    snapshot      jsonb,
    primary key (org_id, id)
);
create unique index users_user_name on users (org_id, user_name_key, connection_id)
    nulls not distinct where deleted_at is null;
create index users_external_id on users (org_id, external_id, connection_id) where deleted_at is null;
create index users_page on users (org_id, id) include (connection_id) where deleted_at is null;
create index users_search on users using gin (search jsonb_path_ops) where deleted_at is null;

create table groups (
    org_id        uuid        not null references organizations on delete cascade,
    id            uuid        not null,
    connection_id uuid,
    display_name  text        not null,
    display_key   text        not null,
    external_id   text,
    doc           text        not null,
    search        jsonb       not null,
    version       bigint      not null default 1,
    created_at    timestamptz not null,
    modified_at   timestamptz not null,
    deleted_at    timestamptz,
    primary key (org_id, id)
);
create unique index groups_display_name on groups (org_id, display_key, connection_id)
    nulls not distinct where deleted_at is null;
create index groups_external_id on groups (org_id, external_id, connection_id) where deleted_at is null;
create index groups_page on groups (org_id, id) include (connection_id) where deleted_at is null;
create index groups_search on groups using gin (search jsonb_path_ops) where deleted_at is null;

-- No foreign keys: a member is added under the lock of its group and a key-share lock of its person, in one statement
-- for any number of members; `doorlist doctor` and the tests look for orphans.
create table group_members (
    org_id   uuid        not null,
    group_id uuid        not null,
    user_id  uuid        not null,
    added_at timestamptz not null,
    primary key (org_id, group_id, user_id)
);
create index group_members_of_user on group_members (org_id, user_id, group_id);

-- Workspaces and folders. A workspace is its own workspace_id; each has exactly one home folder.
create table resources (
    org_id       uuid        not null references organizations on delete cascade,
    id           uuid        not null,
    kind         text        not null check (kind in ('workspace', 'folder')),
    workspace_id uuid        not null,
    home         boolean     not null default false,
    name         text        not null,
    name_key     text        not null,
    plan         text        check (plan in ('free', 'team', 'business', 'enterprise')),
    created_at   timestamptz not null,
    archived_at  timestamptz,
    deleted_at   timestamptz,
    primary key (org_id, id),
    foreign key (org_id, workspace_id) references resources (org_id, id),
    check (kind = 'folder' or (workspace_id = id and not home)),
    check ((kind = 'workspace') = (plan is not null))
);
create unique index resources_workspace_name on resources (org_id, name_key)
    where kind = 'workspace' and deleted_at is null;
create unique index resources_folder_name on resources (org_id, workspace_id, name_key)
    where kind = 'folder' and deleted_at is null;
create unique index resources_one_home on resources (org_id, workspace_id) where home;

-- level: 1 viewer, 2 checker, 3 editor, 4 admin, 5 owner. policy null means the organization's removal_policy.
create table grants (
    org_id         uuid        not null,
    id             uuid        not null,
    resource_id    uuid        not null,
    principal_kind text        not null check (principal_kind in ('user', 'group')),
    principal_id   uuid        not null,
    level          smallint    not null check (level between 1 and 5),
    policy         text        check (policy in ('keep', 'remove')),
    created_at     timestamptz not null,
    created_by     text        not null,
    primary key (org_id, id),
    foreign key (org_id, resource_id) references resources (org_id, id) on delete cascade,
    check (principal_kind = 'user' or level <= 3)
);
create unique index grants_resource on grants (org_id, resource_id, principal_id) include (level);
create index grants_principal on grants (org_id, principal_id) include (resource_id, level);

-- Access that a person keeps after a group path under the keep policy vanished.
create table retained (
    org_id      uuid        not null references organizations on delete cascade,
    resource_id uuid        not null,
    user_id     uuid        not null,
    group_id    uuid        not null,
    group_name  text        not null,
    level       smallint    not null check (level between 1 and 3),
    state       text        not null default 'live' check (state in ('live', 'held')),
    since       timestamptz not null,
    primary key (org_id, resource_id, user_id, group_id)
);
create index retained_of_user on retained (org_id, user_id, resource_id) include (level, state);

-- Suppresses derived paths of one person on one resource; lifted when the person is granted there directly.
create table exclusions (
    org_id      uuid        not null references organizations on delete cascade,
    resource_id uuid        not null,
    user_id     uuid        not null,
    created_at  timestamptz not null,
    created_by  text        not null,
    primary key (org_id, resource_id, user_id)
);
create index exclusions_of_user on exclusions (org_id, user_id, resource_id);

-- Append-only. One event per change set; seal is the hash chain, added in order by the sealer.
create table audit_events (
    org_id      uuid        not null references organizations on delete cascade,
    seq         bigint      generated always as identity,
    at          timestamptz not null,
    action      text        not null,
    actor_kind  text        not null,
    actor_id    text        not null,
    source      text        not null,
    target_kind text        not null,
    target_id   uuid        not null,
    request_id  uuid        not null,
    change      jsonb       not null,
    seal        bytea,
    primary key (org_id, seq)
);
create index audit_events_of_target on audit_events (org_id, target_id, seq);

create table attention_items (
    org_id      uuid        not null references organizations on delete cascade,
    id          uuid        not null,
    kind        text        not null,
    target_kind text        not null,
    target_id   uuid        not null,
    detail      jsonb       not null,
    raised_at   timestamptz not null,
    resolved_at timestamptz,
    primary key (org_id, id)
);

-- Every SCIM request, refused and unauthenticated ones too (org_id null: no token named an organization; token_hint is
-- then the visible start of what was presented). Texts have lost their secrets before they get here.
create table request_log (
    id            bigint      generated always as identity primary key,
    at            timestamptz not null,
    org_id        uuid,
    connection_id uuid,
    token_id      uuid,
    token_hint    text,
    request_id    uuid        not null,
    target_id     uuid,
    method        text        not null,
    path          text        not null,
    query         text        not null,
    status        smallint    not null,
    duration_us   integer     not null,
    client        text        not null,
    agent         text        not null,
    code          text,
    detail        text,
    change        jsonb
);
create index request_log_of_org on request_log (org_id, id desc);
create index request_log_failures on request_log (org_id, id desc) where status >= 400;
create index request_log_by_request on request_log (request_id);
create index request_log_by_time on request_log using brin (at);

-- The bodies of those requests, apart because they are forgotten earlier and lists do not need them.
create table request_bodies (
    org_id     uuid        not null,
    request_id uuid        not null,
    at         timestamptz not null,
    request    text,
    response   text,
    primary key (org_id, request_id)
);
create index request_bodies_by_time on request_bodies using brin (at);

-- The one definition of access: check, both lists, export and explain all read these views.
-- A resource is reached through itself; a home folder through its workspace as well (via_id is then the workspace).
-- Each kind of path has an arm for either way, because only plain joins let a person, a resource or both be pushed
-- down to the indexes: a shared view of "reached through" costs a scan of all folders for every person.
create view access_paths as
    select g.org_id, g.principal_id as user_id, g.resource_id, g.resource_id as via_id, 'direct' as kind,
           null::uuid as group_id, g.level, g.created_at as since, g.created_by as granted_by
      from grants g
     where g.principal_kind = 'user'
    union all
    select g.org_id, g.principal_id, h.id, g.resource_id, 'direct', null, g.level, g.created_at, g.created_by
      from grants g
      join resources h on h.org_id = g.org_id and h.workspace_id = g.resource_id and h.home
     where g.principal_kind = 'user'
    union all
    select g.org_id, m.user_id, g.resource_id, g.resource_id, 'group', g.principal_id, g.level,
           greatest(g.created_at, m.added_at), g.created_by
      from grants g
      join groups d on d.org_id = g.org_id and d.id = g.principal_id and d.deleted_at is null
      join group_members m on m.org_id = g.org_id and m.group_id = g.principal_id
     where g.principal_kind = 'group'
       and not exists (select from exclusions x
                        where x.org_id = g.org_id and x.resource_id = g.resource_id and x.user_id = m.user_id)
    union all
    select g.org_id, m.user_id, h.id, g.resource_id, 'group', g.principal_id, g.level,
           greatest(g.created_at, m.added_at), g.created_by
      from grants g
      join resources h on h.org_id = g.org_id and h.workspace_id = g.resource_id and h.home
      join groups d on d.org_id = g.org_id and d.id = g.principal_id and d.deleted_at is null
      join group_members m on m.org_id = g.org_id and m.group_id = g.principal_id
     where g.principal_kind = 'group'
       and not exists (select from exclusions x
                        where x.org_id = g.org_id and x.resource_id = g.resource_id and x.user_id = m.user_id)
    union all
    select k.org_id, k.user_id, k.resource_id, k.resource_id, 'retained', k.group_id, k.level, k.since, 'policy'
      from retained k
     where k.state = 'live'
    union all
    select k.org_id, k.user_id, h.id, k.resource_id, 'retained', k.group_id, k.level, k.since, 'policy'
      from retained k
      join resources h on h.org_id = k.org_id and h.workspace_id = k.resource_id and h.home
     where k.state = 'live';

create view effective_access as
    select p.org_id, p.user_id, p.resource_id,
           (case when f.archived_at is not null or w.archived_at is not null
                 then least(1, p.level) else p.level end)::smallint as level
      from (select org_id, user_id, resource_id, max(level) as level
              from access_paths
             group by org_id, user_id, resource_id) p
      join users u on u.org_id = p.org_id and u.id = p.user_id and u.active and u.deleted_at is null
      join resources f on f.org_id = p.org_id and f.id = p.resource_id and f.deleted_at is null
      join resources w on w.org_id = f.org_id and w.id = f.workspace_id and w.deleted_at is null;
