"""Directory files: what is taken, what is refused, and what a second import changes."""

from __future__ import annotations

import pytest

from entrasim.people import find_person
from entrasim.refusals import ImportRefused
from entrasim.security_groups import find_group, is_member
from tests.entrasim.conftest import Company

USERS = "handle,user_name,display_name,email\nana,ana@contoso.example,Ana,ana@x.example\nbob,bob@contoso.example,Bob,\n"
GROUPS = 'group,description,parent\nDesign,"Two\nlines",\nIcons,,Design\n'
MEMBERS = "group,handle\nDesign,ana\nIcons,Bob\n"


def problems_of(company: Company, *files: str, members: str = "") -> list[str]:
    with pytest.raises(ImportRefused) as refused:
        company.take_files(*files, members=members)
    assert company.state.row("select count(*) from people") == (0,)
    return refused.value.problems


def test_people_groups_and_members_arrive(company: Company) -> None:
    report = company.take_files(USERS, GROUPS, members=MEMBERS)
    assert (report.users.added, report.groups.added, report.members.added) == (2, 2, 2)
    ana = find_person(company.state, "ana")
    assert (ana.user_principal_name, ana.display_name, ana.mail) == ("ana@contoso.example", "Ana", "ana@x.example")
    assert find_group(company.state, "icons").parent == "Design"
    assert is_member(
        company.state, find_group(company.state, "Icons").key, person=find_person(company.state, "bob").key
    )


def test_only_the_user_name_is_needed(company: Company) -> None:
    company.take_files("user_name\nana@contoso.example\n")
    ana = find_person(company.state, "ana")
    assert (ana.handle, ana.display_name, ana.mail) == ("ana", "ana", None)


def test_every_directory_attribute_can_be_a_column(company: Company) -> None:
    header = "user_name,Given Name,surname,jobTitle,department,employee_id,office,street,city,state,postal_code"
    header += ",country,phone,mobile,fax,preferred_language,manager,account_enabled"
    cells = "ana@c.example,Ana,Ruiz,Lead,Ops,77,M 4,Mayor 1,Madrid,MD,28001,ES,1,2,3,es,bob,false"
    company.take_files(f"{header}\n{cells}\nbob@c.example{',' * 17}\n")
    ana = find_person(company.state, "ana")
    assert (ana.given_name, ana.job_title, ana.display_name, ana.fax) == ("Ana", "Lead", "Ana Ruiz", "3")
    assert ana.manager == find_person(company.state, "bob").key
    assert not ana.account_enabled


def test_every_bad_row_is_named_with_file_and_line(company: Company) -> None:
    users = "handle,user_name\nana,ana@c.example\nANA,other@c.example\nbob,\nc,ana@c.example\nd,d@c.example,more\n"
    groups = 'group,description,parent\nDesign,"a\nb",\ndesign,,\n,,\n'
    members = "group,handle\nDesign,ana\nDesign,ANA\nDesign,\n"
    assert problems_of(company, users, groups, members=members) == [
        "users.csv:3: handle 'ANA' was already given in line 2",
        "users.csv:4: user_name is empty",
        "users.csv:5: user_name 'ana@c.example' was already given in line 2",
        "users.csv:6: 3 cells where the header has 2",
        "groups.csv:4: group 'design' was already given in line 2",
        "groups.csv:5: group is empty",
        "members.csv:3: membership 'Design / ANA' was already given in line 2",
        "members.csv:4: handle is empty",
    ]


def test_references_to_nobody_are_refused(company: Company) -> None:
    users = "user_name,manager\nana@c.example,zoe\nbob@c.example,bob\n"
    groups = "group,parent\nDesign,Nowhere\n"
    members = "group,handle\nNope,ana\nDesign,zoe\n"
    assert problems_of(company, users, groups, members=members) == [
        "users.csv:2: manager 'zoe' is nobody's handle",
        "users.csv:3: 'bob' cannot be their own manager",
        "groups.csv:2: parent 'Nowhere' is no group",
        "members.csv:2: group 'Nope' is unknown",
        "members.csv:3: handle 'zoe' is unknown",
    ]


@pytest.mark.parametrize(
    ("users", "problem"),
    [
        ("handle\nana\n", "users.csv:1: column 'user_name' is missing"),
        ("user_name,shoe_size\na,4\n", "users.csv:1: unknown column 'shoe_size'"),
        ("user_name,upn\na,b\n", "users.csv:1: column 'user_principal_name' is given twice"),
        ("user_name,account_enabled\na,maybe\n", "users.csv:2: account_enabled is 'maybe', not true or false"),
        ('user_name\n"a\n', "users.csv: not a CSV file in UTF-8: unexpected end of data"),
    ],
)
def test_a_file_of_the_wrong_form_is_refused(company: Company, users: str, problem: str) -> None:
    assert problems_of(company, users) == [problem]


def test_the_same_files_again_change_nothing(company: Company) -> None:
    company.take_files(USERS, GROUPS, members=MEMBERS)
    before = find_person(company.state, "ana")
    report = company.take_files(USERS, GROUPS, members=MEMBERS, replace=True)
    assert (report.users.unchanged, report.groups.unchanged, report.members.unchanged) == (2, 2, 2)
    assert find_person(company.state, "ana") == before


def test_changed_files_move_people_and_keep_their_ids(company: Company) -> None:
    company.take_files(USERS)
    before = find_person(company.state, "ana")
    report = company.take_files("handle,user_name,display_name,email\nana,ana.r@contoso.example,Ana R,\n")
    after = find_person(company.state, "ana")
    assert report.users.updated == 1
    assert (after.id, after.user_principal_name, after.mail) == (before.id, "ana.r@contoso.example", None)
    assert find_person(company.state, "bob").active


def test_a_column_that_is_not_given_is_left_alone(company: Company) -> None:
    company.take_files(USERS)
    company.take_files("handle,user_name\nana,ana@contoso.example\n")
    assert find_person(company.state, "ana").display_name == "Ana"


def test_replace_drops_what_the_files_leave_out(company: Company) -> None:
    company.take_files(USERS, GROUPS, members=MEMBERS)
    users = "handle,user_name\nana,ana@contoso.example\n"
    report = company.take_files(users, "group\nDesign\n", members="group,handle\nDesign,ana\n", replace=True)
    assert (report.users.removed, report.groups.removed, report.members.removed) == (1, 1, 1)
    assert find_person(company.state, "bob").soft_deleted_at is not None


def test_a_leaver_who_is_listed_again_is_restored(company: Company) -> None:
    company.take_files(USERS)
    company.take_files("handle,user_name\nana,ana@contoso.example\n", replace=True)
    assert company.take_files(USERS, replace=True).users.restored == 1
    assert find_person(company.state, "bob").active


def test_two_people_can_swap_their_user_names(company: Company) -> None:
    company.take_files(USERS)
    company.take_files("handle,user_name\nana,bob@contoso.example\nbob,ana@contoso.example\n")
    assert find_person(company.state, "bob@contoso.example").handle == "ana"


def test_a_joiner_may_get_the_user_name_of_a_leaver(company: Company) -> None:
    company.take_files(USERS)
    company.take_files("handle,user_name\nana,ana@contoso.example\nb2,bob@contoso.example\n", replace=True)
    assert find_person(company.state, "bob@contoso.example").handle == "b2"


def test_a_user_name_of_somebody_else_is_refused(company: Company) -> None:
    company.take_files(USERS)
    with pytest.raises(ImportRefused) as refused:
        company.take_files("handle,user_name\nb2,bob@contoso.example\n")
    assert refused.value.problems == ["users.csv:2: user_name 'bob@contoso.example' belongs to somebody else"]
