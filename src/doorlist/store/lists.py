"""The lists that administrators leaf through, as values for `store.browsing`. Conditions and columns only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from doorlist.store.browsing import Listing, Order
from doorlist.store.detachment import MANAGED
from doorlist.store.resources import WorkspaceLine
from doorlist.store.retention import RetainedLine
from doorlist.store.roster import GroupLine, MemberLine, PersonLine


@dataclass(frozen=True, slots=True)
class FolderLine:
    """A folder of a workspace; `groups` and `people` count the grants on the folder itself."""

    id: UUID
    name: str
    home: bool
    created_at: datetime
    archived_at: datetime | None
    groups: int
    people: int


PEOPLE: Final = Listing(
    row=PersonLine,
    source="users u",
    id="u.id",
    where="u.org_id = $1 and u.deleted_at is null",
    cells="u.*",
    columns="""
        page.id, page.user_name, page.display_name, page.role, page.active, coalesce(c.name, 'local') as origin,
        page.external_id, page.modified_at,
        (select count(*) from group_members m where m.org_id = page.org_id and m.user_id = page.id) as groups""",
    joins="left join connections c on c.org_id = page.org_id and c.id = page.connection_id",
    orders={
        "user_name": Order("u.user_name_key"),
        "display_name": Order("lower(u.display_name)"),
        "changed": Order("u.modified_at", "timestamptz"),
    },
    search="u.user_name_key like {} or lower(u.display_name) like {}",
    filters={
        "state": {"active": "u.active", "inactive": "not u.active"},
        "role": {role: f"u.role = '{role}'" for role in ("owner", "admin", "member", "guest")},
        "origin": {"directory": "u.connection_id is not null", "local": "u.connection_id is null"},
    },
)

GROUPS: Final = Listing(
    row=GroupLine,
    source="groups g",
    id="g.id",
    where="g.org_id = $1 and g.deleted_at is null",
    cells="g.*",
    columns=f"""
        page.id, page.display_name, coalesce(c.name, 'local') as origin, page.external_id, page.modified_at,
        c.id is not null and not {MANAGED.format(now="now()")} as detached,
        (select count(*) from group_members m where m.org_id = page.org_id and m.group_id = page.id) as members,
        (select count(*) from grants a where a.org_id = page.org_id and a.principal_id = page.id) as grants""",
    joins="""join organizations o on o.org_id = page.org_id
      left join connections c on c.org_id = page.org_id and c.id = page.connection_id""",
    orders={"name": Order("g.display_key"), "changed": Order("g.modified_at", "timestamptz")},
    search="g.display_key like {}",
    filters={
        "origin": {"directory": "g.connection_id is not null", "local": "g.connection_id is null"},
        "granted": {
            "yes": "exists (select from grants a where a.org_id = g.org_id and a.principal_id = g.id)",
            "no": "not exists (select from grants a where a.org_id = g.org_id and a.principal_id = g.id)",
        },
    },
)

MEMBERS: Final = Listing(
    row=MemberLine,
    source="""group_members m
      join users u on u.org_id = m.org_id and u.id = m.user_id and u.deleted_at is null""",
    id="u.id",
    where="m.org_id = $1 and m.group_id = $2",
    cells="u.*, m.added_at",
    columns="page.id, page.user_name, page.display_name, page.active, page.added_at",
    orders={"user_name": Order("u.user_name_key"), "since": Order("m.added_at", "timestamptz")},
    search="u.user_name_key like {} or lower(u.display_name) like {}",
    filters={"state": {"active": "u.active", "inactive": "not u.active"}},
)
"""The members of the group given as `within`."""

GROUPS_OF: Final = Listing(
    row=GroupLine,
    source="""group_members m
      join groups g on g.org_id = m.org_id and g.id = m.group_id and g.deleted_at is null""",
    id="g.id",
    where="m.org_id = $1 and m.user_id = $2",
    cells="g.*",
    columns=GROUPS.columns,
    joins=GROUPS.joins,
    orders={"name": Order("g.display_key")},
    search="g.display_key like {}",
)
"""The groups of the person given as `within`."""

WORKSPACES: Final = Listing(
    row=WorkspaceLine,
    source="resources w",
    id="w.id",
    where="w.org_id = $1 and w.kind = 'workspace' and w.deleted_at is null",
    cells="w.*",
    columns="""
        page.id, page.name, page.plan, page.created_at, page.archived_at,
        (select count(*) from resources f where f.org_id = page.org_id and f.workspace_id = page.id
                                            and f.kind = 'folder' and f.deleted_at is null) as folders,
        (select count(*) from grants g where g.org_id = page.org_id and g.resource_id = page.id) as grants""",
    orders={"name": Order("w.name_key"), "created": Order("w.created_at", "timestamptz")},
    search="w.name_key like {}",
    filters={
        "plan": {plan: f"w.plan = '{plan}'" for plan in ("free", "team", "business", "enterprise")},
        "state": {"active": "w.archived_at is null", "archived": "w.archived_at is not null"},
    },
)

FOLDERS: Final = Listing(
    row=FolderLine,
    source="resources f",
    id="f.id",
    where="f.org_id = $1 and f.workspace_id = $2 and f.kind = 'folder' and f.deleted_at is null",
    cells="f.*",
    columns="""
        page.id, page.name, page.home, page.created_at, page.archived_at,
        (select count(*) from grants g where g.org_id = page.org_id and g.resource_id = page.id
                                         and g.principal_kind = 'group') as groups,
        (select count(*) from grants g where g.org_id = page.org_id and g.resource_id = page.id
                                         and g.principal_kind = 'user') as people""",
    orders={"name": Order("f.name_key"), "created": Order("f.created_at", "timestamptz")},
    search="f.name_key like {}",
)
"""The folders of the workspace given as `within`."""

RETAINED: Final = Listing(
    row=RetainedLine,
    source="""retained k
      join users u on u.org_id = k.org_id and u.id = k.user_id and u.deleted_at is null
      join resources r on r.org_id = k.org_id and r.id = k.resource_id and r.deleted_at is null
      join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null""",
    id="md5(k.user_id::text || k.resource_id::text || k.group_id::text)::uuid",
    where="k.org_id = $1",
    cells="""
        u.user_name, w.name as workspace, case when r.kind = 'folder' then r.name else '' end as folder, k.level,
        k.group_name, k.state, k.since, k.user_id, k.resource_id, k.group_id""",
    columns="""
        page.user_name, page.workspace, page.folder, page.level, page.group_name, page.state, page.since,
        page.user_id, page.resource_id, page.group_id""",
    orders={
        "since": Order("k.since", "timestamptz"),
        "person": Order("u.user_name_key"),
        "place": Order("w.name_key || ' ' || r.name_key"),
    },
    search="u.user_name_key like {} or w.name_key like {} or r.name_key like {} or lower(k.group_name) like {}",
    filters={"state": {"live": "k.state = 'live'", "held": "k.state = 'held'"}},
)


@dataclass(frozen=True, slots=True)
class ReachLine:
    """Somebody's effective level in one place, and by which kinds of way; `folder` is empty for a workspace."""

    user_id: UUID
    user_name: str
    display_name: str
    resource_id: UUID
    workspace: str
    folder: str
    level: int
    kinds: list[str]


_REACH: Final = """effective_access e
      join users u on u.org_id = e.org_id and u.id = e.user_id
      join resources r on r.org_id = e.org_id and r.id = e.resource_id
      join resources w on w.org_id = r.org_id and w.id = r.workspace_id"""
_REACH_CELLS: Final = """
        e.org_id, e.user_id, u.user_name, u.display_name, e.resource_id, w.name as workspace,
        case when r.kind = 'folder' then r.name else '' end as folder, e.level"""
_REACH_COLUMNS: Final = """
        page.user_id, page.user_name, page.display_name, page.resource_id, page.workspace, page.folder, page.level,
        array(select distinct p.kind from access_paths p
               where p.org_id = page.org_id and p.user_id = page.user_id and p.resource_id = page.resource_id
               order by p.kind) as kinds"""
_LEVELS: Final = {
    name: f"e.level = {level}" for level, name in enumerate(("viewer", "checker", "editor", "admin", "owner"), start=1)
}

REACHING: Final = Listing(
    row=ReachLine,
    source=_REACH,
    id="e.user_id",
    where="e.org_id = $1 and e.resource_id = $2",
    cells=_REACH_CELLS,
    columns=_REACH_COLUMNS,
    orders={"user_name": Order("u.user_name_key"), "level": Order("e.level", "smallint")},
    search="u.user_name_key like {} or lower(u.display_name) like {}",
    filters={"level": _LEVELS},
)
"""Everybody who reaches the workspace or folder given as `within`."""

REACHED: Final = Listing(
    row=ReachLine,
    source=_REACH,
    id="e.resource_id",
    where="e.org_id = $1 and e.user_id = $2",
    cells=_REACH_CELLS,
    columns=_REACH_COLUMNS,
    orders={
        "place": Order("w.name_key || ' ' || case when r.kind = 'folder' then r.name_key else '' end"),
        "level": Order("e.level", "smallint"),
    },
    search="w.name_key like {} or r.name_key like {}",
    filters={"level": _LEVELS},
)
"""Every place that the person given as `within` reaches."""


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant with both ends; `policy` is None where the organization's acts, `size` counts a group's members."""

    resource_id: UUID
    workspace_id: UUID
    workspace: str
    folder: str
    principal_kind: str
    principal_id: UUID
    principal: str
    size: int
    level: int
    policy: str | None
    created_at: datetime
    created_by: str


_GRANT: Final = """grants g
      join resources r on r.org_id = g.org_id and r.id = g.resource_id and r.deleted_at is null
      join resources w on w.org_id = r.org_id and w.id = r.workspace_id and w.deleted_at is null
      left join users u on u.org_id = g.org_id and u.id = g.principal_id and u.deleted_at is null
      left join groups d on d.org_id = g.org_id and d.id = g.principal_id and d.deleted_at is null"""
_GRANT_CELLS: Final = """
        g.org_id, g.resource_id, w.id as workspace_id, w.name as workspace,
        case when r.kind = 'folder' then r.name else '' end as folder, g.principal_kind, g.principal_id,
        coalesce(d.display_name, u.user_name) as principal, g.level, g.policy, g.created_at, g.created_by"""
_GRANT_COLUMNS: Final = """
        page.resource_id, page.workspace_id, page.workspace, page.folder, page.principal_kind, page.principal_id,
        page.principal, page.level, page.policy, page.created_at, page.created_by,
        (select count(*) from group_members m
          where m.org_id = page.org_id and m.group_id = page.principal_id) as size"""

GRANTS_ON: Final = Listing(
    row=GrantLine,
    source=_GRANT,
    id="g.principal_id",
    where="g.org_id = $1 and g.resource_id = $2 and (u.id is not null or d.id is not null)",
    cells=_GRANT_CELLS,
    columns=_GRANT_COLUMNS,
    orders={"name": Order("coalesce(d.display_key, u.user_name_key)"), "level": Order("g.level", "smallint")},
    search="coalesce(d.display_key, u.user_name_key) like {}",
    filters={"kind": {"group": "g.principal_kind = 'group'", "person": "g.principal_kind = 'user'"}},
)
"""Who is granted the workspace or folder given as `within`."""

GRANTS_OF: Final = Listing(
    row=GrantLine,
    source=_GRANT,
    id="g.resource_id",
    where="g.org_id = $1 and g.principal_id = $2 and (u.id is not null or d.id is not null)",
    cells=_GRANT_CELLS,
    columns=_GRANT_COLUMNS,
    orders={"place": Order("w.name_key || ' ' || case when r.kind = 'folder' then r.name_key else '' end")},
    search="w.name_key like {} or r.name_key like {}",
    filters={"kind": {"workspace": "r.kind = 'workspace'", "folder": "r.kind = 'folder'"}},
)
"""Where the group or person given as `within` is granted."""
