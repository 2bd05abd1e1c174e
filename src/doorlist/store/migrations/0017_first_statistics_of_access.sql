-- The same for access as 0002 does for what a directory writes: without statistics of grants the planner starts a
-- question about a person from all groups, and a list of 1,900 rows takes two seconds until the first ANALYZE.

insert into organizations (org_id, slug, name, plan, created_at)
select gen_random_uuid(), 'first-statistics-' || n, 'First statistics', 'free', now() from generate_series(1, 20) n;

insert into resources (org_id, id, kind, workspace_id, name, name_key, plan, created_at)
select o.org_id, w.id, 'workspace', w.id, w.id::text, w.id::text, 'enterprise', now()
  from organizations o
 cross join lateral (select gen_random_uuid() as id, o.org_id from generate_series(1, 5)) w
 where o.slug like 'first-statistics-%';

insert into resources (org_id, id, kind, workspace_id, home, name, name_key, created_at)
select r.org_id, gen_random_uuid(), 'folder', r.id, n = 0, n::text, n::text, now()
  from resources r join organizations o on o.org_id = r.org_id and o.slug like 'first-statistics-%'
 cross join generate_series(0, 9) n
 where r.kind = 'workspace';

insert into grants (org_id, id, resource_id, principal_kind, principal_id, level, created_at, created_by)
select r.org_id, gen_random_uuid(), r.id, case when n = 0 then 'user' else 'group' end,
       md5(r.org_id::text || (hashtext(r.id::text) + n) % 20)::uuid, 1 + n % 3, now(), 'first-statistics'
  from resources r join organizations o on o.org_id = r.org_id and o.slug like 'first-statistics-%'
 cross join generate_series(0, 3) n
on conflict do nothing;

insert into retained (org_id, resource_id, user_id, group_id, group_name, level, since)
select g.org_id, g.resource_id, md5(g.org_id::text || n)::uuid, g.principal_id, '', g.level, now()
  from grants g
 cross join generate_series(0, 3) n
 where g.created_by = 'first-statistics' and g.principal_kind = 'group' and g.level = 1;

analyze resources, grants, retained, exclusions;

delete from retained where org_id in (select org_id from organizations where slug like 'first-statistics-%');
delete from grants where created_by = 'first-statistics';
delete from resources where org_id in (select org_id from organizations where slug like 'first-statistics-%');
delete from organizations where slug like 'first-statistics-%';
