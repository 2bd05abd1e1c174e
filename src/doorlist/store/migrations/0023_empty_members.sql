-- Whether a group without members is told with an empty list, for clients that compare lists (authentik).

alter table connections add column empty_members text not null default 'omitted'
    check (empty_members in ('omitted', 'listed'));
