-- Access as of an earlier moment. What is true now has a beginning in its own table; what has ended is moved, by the
-- statement that ends it, to a table of the past with the beginning and the end. Adding costs nothing for it, and a
-- question about one person at one moment reads that person's rows instead of replaying the log.

-- inactive_since: set while the directory has the person inactive. blocked_at: an administrator's local block, which
-- SCIM cannot lift. level_since: when the level became what it is, null since created_at.
alter table users add column inactive_since timestamptz;
alter table users add column blocked_at timestamptz;
alter table users add column blocked_by text;
alter table grants add column level_since timestamptz;
update users set inactive_since = modified_at where not active and deleted_at is null;

create table past_members (
    org_id   uuid        not null,
    group_id uuid        not null,
    user_id  uuid        not null,
    since    timestamptz not null,
    until    timestamptz not null,
    primary key (org_id, group_id, user_id, until),
    check (since < until)
);
create index past_members_of_user on past_members (org_id, user_id, group_id);

create table past_grants (
    org_id         uuid        not null,
    resource_id    uuid        not null,
    principal_kind text        not null,
    principal_id   uuid        not null,
    id             uuid        not null,
    level          smallint    not null,
    created_at     timestamptz not null,
    created_by     text        not null,
    since          timestamptz not null,
    until          timestamptz not null,
    primary key (org_id, resource_id, principal_id, until),
    check (since < until)
);
create index past_grants_of_principal on past_grants (org_id, principal_id, resource_id);

-- Live periods only: what is held counts nothing.
create table past_retained (
    org_id      uuid        not null,
    resource_id uuid        not null,
    user_id     uuid        not null,
    group_id    uuid        not null,
    group_name  text        not null,
    level       smallint    not null,
    since       timestamptz not null,
    until       timestamptz not null,
    primary key (org_id, resource_id, user_id, group_id, until),
    check (since < until)
);
create index past_retained_of_user on past_retained (org_id, user_id, resource_id);

create table past_exclusions (
    org_id      uuid        not null,
    resource_id uuid        not null,
    user_id     uuid        not null,
    since       timestamptz not null,
    until       timestamptz not null,
    primary key (org_id, resource_id, user_id, until),
    check (since < until)
);

-- Periods that are over: a person inactive or blocked, a workspace or folder archived or deleted.
create table past_states (
    org_id uuid        not null,
    id     uuid        not null,
    state  text        not null check (state in ('inactive', 'blocked', 'archived', 'deleted')),
    since  timestamptz not null,
    until  timestamptz not null,
    primary key (org_id, id, state, until),
    check (since < until)
);

create or replace view effective_access as
    select p.org_id, p.user_id, p.resource_id,
           (case when f.archived_at is not null or w.archived_at is not null
                 then least(1, p.level) else p.level end)::smallint as level
      from (select org_id, user_id, resource_id, max(level) as level
              from access_paths
             group by org_id, user_id, resource_id) p
      join users u on u.org_id = p.org_id and u.id = p.user_id and u.active and u.blocked_at is null
                  and u.deleted_at is null
      join resources f on f.org_id = p.org_id and f.id = p.resource_id and f.deleted_at is null
      join resources w on w.org_id = f.org_id and w.id = f.workspace_id and w.deleted_at is null;

-- Every fact with its period; until is null while it lasts.
create view members_over_time as
    select org_id, group_id, user_id, added_at as since, null::timestamptz as until from group_members
    union all
    select org_id, group_id, user_id, since, until from past_members;

create view grants_over_time as
    select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by,
           coalesce(level_since, created_at) as since, null::timestamptz as until
      from grants
    union all
    select org_id, resource_id, principal_kind, principal_id, id, level, created_at, created_by, since, until
      from past_grants;

create view retained_over_time as
    select org_id, resource_id, user_id, group_id, group_name, level, since, null::timestamptz as until
      from retained where state = 'live'
    union all
    select org_id, resource_id, user_id, group_id, group_name, level, since, until from past_retained;

create view exclusions_over_time as
    select org_id, resource_id, user_id, created_at as since, null::timestamptz as until from exclusions
    union all
    select org_id, resource_id, user_id, since, until from past_exclusions;

create view states_over_time as
    select org_id, id, 'inactive' as state, coalesce(inactive_since, '-infinity') as since, null::timestamptz as until
      from users where inactive_since is not null or (not active and deleted_at is null)
    union all
    select org_id, id, 'blocked', blocked_at, null from users where blocked_at is not null
    union all
    select org_id, id, 'archived', archived_at, null from resources where archived_at is not null
    union all
    select org_id, id, 'deleted', deleted_at, null from resources where deleted_at is not null
    union all
    select org_id, id, state, since, until from past_states;

-- access_paths and effective_access as of a moment; 'infinity' is now. Plain SQL, so that the planner sees through.
create function access_paths_at(moment timestamptz)
returns table (org_id uuid, user_id uuid, resource_id uuid, via_id uuid, kind text, group_id uuid, level smallint,
               since timestamptz, granted_by text)
language sql stable as $$
    select g.org_id, g.principal_id, g.resource_id, g.resource_id, 'direct', null::uuid, g.level, g.created_at,
           g.created_by
      from grants_over_time g
     where g.principal_kind = 'user' and g.since <= moment and (g.until is null or g.until > moment)
    union all
    select g.org_id, g.principal_id, h.id, g.resource_id, 'direct', null, g.level, g.created_at, g.created_by
      from grants_over_time g
      join resources h on h.org_id = g.org_id and h.workspace_id = g.resource_id and h.home
     where g.principal_kind = 'user' and g.since <= moment and (g.until is null or g.until > moment)
    union all
    select g.org_id, m.user_id, g.resource_id, g.resource_id, 'group', g.principal_id, g.level,
           greatest(g.created_at, m.since), g.created_by
      from grants_over_time g
      join groups d on d.org_id = g.org_id and d.id = g.principal_id
                   and (d.deleted_at is null or d.deleted_at > moment)
      join members_over_time m on m.org_id = g.org_id and m.group_id = g.principal_id
                              and m.since <= moment and (m.until is null or m.until > moment)
     where g.principal_kind = 'group' and g.since <= moment and (g.until is null or g.until > moment)
       and not exists (select from exclusions_over_time x
                        where x.org_id = g.org_id and x.resource_id = g.resource_id and x.user_id = m.user_id
                          and x.since <= moment and (x.until is null or x.until > moment))
    union all
    select g.org_id, m.user_id, h.id, g.resource_id, 'group', g.principal_id, g.level,
           greatest(g.created_at, m.since), g.created_by
      from grants_over_time g
      join resources h on h.org_id = g.org_id and h.workspace_id = g.resource_id and h.home
      join groups d on d.org_id = g.org_id and d.id = g.principal_id
                   and (d.deleted_at is null or d.deleted_at > moment)
      join members_over_time m on m.org_id = g.org_id and m.group_id = g.principal_id
                              and m.since <= moment and (m.until is null or m.until > moment)
     where g.principal_kind = 'group' and g.since <= moment and (g.until is null or g.until > moment)
       and not exists (select from exclusions_over_time x
                        where x.org_id = g.org_id and x.resource_id = g.resource_id and x.user_id = m.user_id
                          and x.since <= moment and (x.until is null or x.until > moment))
    union all
    select k.org_id, k.user_id, k.resource_id, k.resource_id, 'retained', k.group_id, k.level, k.since, 'policy'
      from retained_over_time k
     where k.since <= moment and (k.until is null or k.until > moment)
    union all
    select k.org_id, k.user_id, h.id, k.resource_id, 'retained', k.group_id, k.level, k.since, 'policy'
      from retained_over_time k
      join resources h on h.org_id = k.org_id and h.workspace_id = k.resource_id and h.home
     where k.since <= moment and (k.until is null or k.until > moment)
$$;

create function effective_access_at(moment timestamptz)
returns table (org_id uuid, user_id uuid, resource_id uuid, level smallint)
language sql stable as $$
    select p.org_id, p.user_id, p.resource_id,
           (case when exists (select from states_over_time s
                               where s.org_id = p.org_id and s.id in (f.id, w.id) and s.state = 'archived'
                                 and s.since <= moment and (s.until is null or s.until > moment))
                 then least(1, p.level) else p.level end)::smallint
      from (select q.org_id, q.user_id, q.resource_id, max(q.level) as level
              from access_paths_at(moment) q
             group by q.org_id, q.user_id, q.resource_id) p
      join users u on u.org_id = p.org_id and u.id = p.user_id and u.created_at <= moment
                  and (u.deleted_at is null or u.deleted_at > moment)
      join resources f on f.org_id = p.org_id and f.id = p.resource_id and f.created_at <= moment
      join resources w on w.org_id = f.org_id and w.id = f.workspace_id
     where not exists (select from states_over_time s
                        where s.org_id = u.org_id and s.id = u.id and s.state in ('inactive', 'blocked')
                          and s.since <= moment and (s.until is null or s.until > moment))
       and not exists (select from states_over_time s
                        where s.org_id = u.org_id and s.id in (f.id, w.id) and s.state = 'deleted'
                          and s.since <= moment and (s.until is null or s.until > moment))
$$;
