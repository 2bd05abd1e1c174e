-- Which names people and groups had at an earlier moment: the events that changed one, found without reading the others.

create index audit_events_renames on audit_events (org_id, target_kind, at)
    where (target_kind = 'user' and change #> '{attributes,userName}' is not null)
       or (target_kind = 'group' and change #> '{attributes,displayName}' is not null);
