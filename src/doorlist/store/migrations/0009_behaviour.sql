-- How a connection is answered where two clients need opposite answers; the defaults suit Entra and Okta.

alter table connections add column patch_answer text not null default 'usual'
    check (patch_answer in ('usual', 'body', 'empty'));
alter table connections add column no_match text not null default 'tolerant'
    check (no_match in ('tolerant', 'strict'));
alter table connections add column create_of_inactive text not null default 'refuse'
    check (create_of_inactive in ('refuse', 'restore'));
