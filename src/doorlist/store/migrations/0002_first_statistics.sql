-- The planner's first statistics. Without any it takes "deleted_at is null" for one row in two hundred and every
-- index for tiny, and walks a whole organization for a look-up until the first ANALYZE, a minute or more after the
-- first directory has started to push. So the tables are measured once with made-up rows of the usual shape, which are
-- deleted in the same transaction; ANALYZE of an empty table keeps what is known, real rows soon replace it.

insert into organizations (org_id, slug, name, plan, created_at)
select gen_random_uuid(), 'first-statistics-' || n, 'First statistics', 'free', now() from generate_series(1, 20) n;

insert into users (org_id, id, connection_id, user_name, user_name_key, external_id, display_name, active, doc, search,
                   created_at, modified_at)
select org_id, gen_random_uuid(), org_id, slug || n, slug || n, slug || n, slug, n % 50 > 0, '{}', '{}', now(), now()
  from organizations, generate_series(1, 100) n where slug like 'first-statistics-%';

insert into groups (org_id, id, connection_id, display_name, display_key, external_id, doc, search,
                    created_at, modified_at)
select org_id, gen_random_uuid(), org_id, slug || n, slug || n, slug || n, '{}', '{}', now(), now()
  from organizations, generate_series(1, 20) n where slug like 'first-statistics-%';

insert into group_members (org_id, group_id, user_id, added_at)
select g.org_id, g.id, u.id, now() from groups g join users u on u.org_id = g.org_id and hashtext(u.id::text) % 5 = 0;

analyze organizations, users, groups, group_members;

delete from group_members;
delete from organizations where slug like 'first-statistics-%';
