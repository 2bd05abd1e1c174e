-- The provisioning job beyond one cycle: scoping filters, escrows, a log that can be searched, injected faults.

-- passes: the scoping filters let the object through; worked out again whenever the object or the filters change.
alter table people add column passes integer not null default 1;
alter table groups add column passes integer not null default 1;
create index people_recycle_bin on people (soft_deleted_at) where soft_deleted_at is not null and purged_at is null;

-- An escrow holds an object back that failed: cycles before `due_cycle` leave it alone, unless it changed since.
create table escrows (
    kind      text not null check (kind in ('user', 'group', 'manager', 'members')),
    key       integer not null,
    code      text not null,
    since     text not null,
    tries     integer not null,
    due_cycle integer not null,
    change    integer not null,
    primary key (kind, key)
) without rowid;

alter table log add column change_id text;
alter table log add column kind text;
alter table log add column object_id text;
alter table log add column name_key text;
alter table log add column action text;
create index log_object on log (object_id);

-- A fault between the job and the target: `rule` says what, to which requests, and when.
create table faults (
    id   integer primary key,
    rule blob not null,
    seen integer not null default 0,
    hits integer not null default 0
);
