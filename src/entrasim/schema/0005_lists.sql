-- People by name: what the portal's lists are cut from, also at the 4,000th page. Not partial, or counts would use it.
create index people_name on people (coalesce(display_name, user_principal_name) collate nocase, key);
