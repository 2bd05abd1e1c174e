-- disabled: the target was told that the person is inactive. What the accidental-deletion guard counts is a link
-- that this is about to become true of.
alter table user_links add column disabled integer not null default 0;

create index log_change on log (change_id);
