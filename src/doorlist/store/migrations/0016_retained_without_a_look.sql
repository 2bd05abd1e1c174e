-- Like memberships, retained rows are written by the hundred thousand at once. The look at the organization that a
-- foreign key takes for each of them doubled the cost; every statement that writes them reads the group beside it.

alter table retained drop constraint retained_org_id_fkey;
