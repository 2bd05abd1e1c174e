from __future__ import annotations

import pytest

from doorlist.domain.levels import Level, Resource, Role, State, authority, effective

PLACES = {
    "work": Resource("work", "work"),
    "home": Resource("home", "work", home=True),
    "folder": Resource("folder", "work"),
    "old": Resource("old", "work", archived=True),
    "gone": Resource("gone", "work", deleted=True),
}
EMPTY = State(
    active=frozenset({"ana"}),
    members={"team": frozenset({"ana", "ina"})},
    resources=PLACES,
    direct={},
    grants={},
    retained={},
    exclusions=frozenset(),
)


def state(**changed: object) -> State:
    return State(**{**{name: getattr(EMPTY, name) for name in State.__dataclass_fields__}, **changed})


def seen(current: State, person: str = "ana") -> dict[str, int]:
    return {key: level for key, place in PLACES.items() if (level := effective(current, person, place))}


def test_the_highest_path_wins() -> None:
    current = state(
        direct={("ana", "folder"): 1}, grants={("team", "folder"): 3}, retained={("ana", "folder", "gone team"): 2}
    )
    assert seen(current) == {"folder": Level.EDITOR}


def test_a_workspace_level_reaches_its_home_and_no_other_folder() -> None:
    assert seen(state(grants={("team", "work"): 3})) == {"work": 3, "home": 3}
    assert seen(state(grants={("team", "home"): 3})) == {"home": 3}


def test_somebody_inactive_reaches_nothing() -> None:
    assert seen(state(grants={("team", "work"): 3}, direct={("ina", "work"): 5}), "ina") == {}


def test_what_is_archived_can_be_viewed_and_what_is_deleted_cannot() -> None:
    assert seen(state(direct={("ana", "old"): 5, ("ana", "gone"): 5})) == {"old": Level.VIEWER}


def test_an_exclusion_suppresses_groups_there_and_nothing_else() -> None:
    current = state(
        grants={("team", "work"): 3, ("team", "folder"): 3},
        retained={("ana", "work", "x"): 1},
        exclusions=frozenset({("ana", "work")}),
    )
    assert seen(current) == {"work": 1, "home": 1, "folder": 3}


@pytest.mark.parametrize(
    ("role", "effective_level", "up_to"),
    [(Role.OWNER, 0, 5), (Role.ADMIN, 0, 4), (Role.ADMIN, 5, 5), (Role.MEMBER, 3, 3), (Role.GUEST, 0, 0)],
)
def test_organization_roles_act_up_to_a_level(role: Role, effective_level: int, up_to: int) -> None:
    assert authority(role, effective_level) == up_to


def test_levels_are_parsed_in_any_case() -> None:
    assert Level.parse(" Editor ") is Level.EDITOR
    assert Level.parse("edit") is None
    assert [level.label for level in sorted(Level)] == ["viewer", "checker", "editor", "admin", "owner"]
