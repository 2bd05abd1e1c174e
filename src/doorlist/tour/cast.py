"""Who plays which part: the names that the steps use, all of them in the CSV files of the folder `company`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

COMPANY: Final = Path(__file__).with_name("company")
NAME: Final = "Marigold Instruments"
SLUG: Final = "marigold"
OWNER: Final = "it@marigold.example"

FIRST, RENEWED, EXPIRED = "Directory", "Directory, renewed", "Directory, out of date"

STUDIO, WORKSHOP, FIELD, BACK_OFFICE = "Studio", "Workshop", "Field", "Back Office"
BRAND_BOOK, USER_RESEARCH, CONCEPTS = "Brand Book", "User Research", "Aurora Concepts"
FIRMWARE: Final = "Firmware"
DESIGN, ENGINEERING, AURORA = "Product Design", "Engineering", "Project Aurora"

ON_DEMAND: Final = ("noor.vandijk", "bruno.castellani", "wanjiru.kamau", "sakura.ishikawa", "elodie.marchand")
SIXTH: Final = "mateusz.wisniewski"
DESIGNER: Final = "bruno.castellani"
LEAVER: Final = "wanjiru.kamau"
PEER: Final = "gabriel.lavoie"
ENGINEER: Final = "kwame.mensah"
MOVER: Final = "aoife.gallagher"
RENAMED: Final = "camille.tremblay"
AWAY: Final = "haruto.nishimura"
GONE: Final = "rui.batista"
JOINER: Final = "salma.idrissi"


def user_name(handle: str) -> str:
    """The user name that a handle of the company has."""
    return f"{handle}@marigold.example"
