-- One state file is one directory with one application connected to it.
--
-- Change numbers order everything. `edited` is the number of the last change of an object's own attributes,
-- `touched` of the last change of any kind that may matter (attributes, assignment, membership), `synced` the
-- number up to which the target was brought in line. touched > synced means: the next cycle looks at the object.
-- That one comparison is joiner, mover, leaver, retry after a failure and recovery after a crash alike.

create table settings (
    key   text primary key,
    value text not null
) without rowid;

create table people (
    key                 integer primary key,
    id                  text not null unique,
    handle              text not null,
    handle_key          text not null,
    user_principal_name text not null,
    upn_key             text not null,
    display_name        text,
    given_name          text,
    surname             text,
    mail                text,
    job_title           text,
    department          text,
    employee_id         text,
    preferred_language  text,
    office              text,
    street              text,
    city                text,
    state               text,
    postal_code         text,
    country             text,
    phone               text,
    mobile              text,
    fax                 text,
    manager             integer,
    account_enabled     integer not null default 1,
    soft_deleted_at     text,
    purged_at           text,
    edited              integer not null,
    touched             integer not null,
    synced              integer not null default 0
);
create unique index people_handle on people (handle_key) where soft_deleted_at is null and purged_at is null;
create unique index people_upn on people (upn_key) where soft_deleted_at is null and purged_at is null;
create index people_any_handle on people (handle_key);
create index people_any_upn on people (upn_key);
create index people_manager on people (manager) where manager is not null;
create index people_due on people (key) where touched > synced;

create table groups (
    key         integer primary key,
    id          text not null unique,
    name        text not null,
    name_key    text not null,
    description text,
    parent      text,
    deleted_at  text,
    edited      integer not null,
    touched     integer not null,
    synced      integer not null default 0
);
create unique index groups_name on groups (name_key) where deleted_at is null;
create index groups_due on groups (key) where touched > synced;

-- present: the directory has this membership. sent: the target was told so. Both rows and costs of a change
-- depend on the change, never on the size of the group.
create table memberships (
    group_key  integer not null,
    person_key integer not null,
    present    integer not null,
    sent       integer not null default 0,
    primary key (group_key, person_key)
) without rowid;
create index memberships_person on memberships (person_key, group_key);
create index memberships_due on memberships (group_key) where present <> sent;

create table assignments (
    kind text not null check (kind in ('user', 'group')),
    key  integer not null,
    primary key (kind, key)
) without rowid;

-- A link is what Entra caches after a match or a create: which target resource stands for which object.
create table user_links (
    person_key  integer primary key,
    target_id   text not null,
    in_scope    integer not null,
    manager     text,             -- target id of the manager that the target was told
    manager_due integer not null  -- 1 until the reference phase has looked at the manager
);
create index user_links_manager_due on user_links (person_key) where manager_due = 1;

create table group_links (
    group_key integer primary key,
    target_id text not null
);

create table cycles (
    number   integer primary key,
    kind     text not null check (kind in ('initial', 'incremental')),
    started  text not null,
    finished text,
    result   blob
);

create table log (
    seq    integer primary key,
    time   text not null,
    status text not null,
    entry  blob not null
);
create index log_failures on log (seq) where status = 'Failure';
