-- What was deleted is cleaned up when it cannot be restored any more: whatever was given to it and on it ends, its
-- document goes, its name stays for the history. When the history is forgotten, the row goes too.

alter table users add column cleaned_at timestamptz;
alter table groups add column cleaned_at timestamptz;
alter table resources add column cleaned_at timestamptz;
create index users_to_clean on users (org_id, deleted_at) where deleted_at is not null and cleaned_at is null;
create index groups_to_clean on groups (org_id, deleted_at) where deleted_at is not null and cleaned_at is null;
create index resources_to_clean on resources (org_id, deleted_at) where deleted_at is not null and cleaned_at is null;
create index users_cleaned on users (org_id, cleaned_at) where cleaned_at is not null;
create index groups_cleaned on groups (org_id, cleaned_at) where cleaned_at is not null;
create index resources_cleaned on resources (org_id, cleaned_at) where cleaned_at is not null;

-- Access as of a moment before it is not known any more; null: everything is.
alter table organizations add column history_since timestamptz;

-- Rows of the past are written in the order in which they end.
create index past_members_by_end on past_members using brin (until);
create index past_grants_by_end on past_grants using brin (until);
create index past_retained_by_end on past_retained using brin (until);
create index past_exclusions_by_end on past_exclusions using brin (until);
create index past_states_by_end on past_states using brin (until);
