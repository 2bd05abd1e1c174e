-- tried: a create was sent, and perhaps its answer never seen. Whoever leaves the scope before a link exists is then
-- looked for in the target once more: otherwise what was made unseen would stay there for ever.
alter table people add column tried integer not null default 0;
alter table groups add column tried integer not null default 0;
