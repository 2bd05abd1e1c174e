-- Who has a value that has to be unique in a directory, whichever attribute it is: names and declared attributes.

create view unique_holders as
    select org_id, connection_id, 'User' as kind, 'username' as attribute, user_name_key as value_key, id,
           user_name as name, active, modified_at
      from users where deleted_at is null
    union all
    select org_id, connection_id, 'Group', 'displayname', display_key, id, display_name, null, modified_at
      from groups where deleted_at is null
    union all
    select v.org_id, v.connection_id, v.resource_type, v.attribute, v.value, v.resource_id,
           coalesce(u.user_name, d.display_name), u.active, coalesce(u.modified_at, d.modified_at)
      from declared_values v
      left join users u on u.org_id = v.org_id and u.id = v.resource_id
      left join groups d on d.org_id = v.org_id and d.id = v.resource_id
     where not v.released;
