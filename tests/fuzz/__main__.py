"""`python -m tests.fuzz TARGET [--seconds N]`: look for bytes that are answered with a fault.

TARGET is one of filter, path, patch, bulk, json: coverage-guided by atheris, which has to be installed (`pip install
atheris`; there are wheels for Linux on x86-64 only). What it finds new is kept in a folder for temporary files; what is
worth keeping belongs to tests/fuzz/corpus. TARGET http sends requests made from the attribute table to a server of its
own and needs nothing more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
PARSERS = ("filter", "path", "patch", "bulk", "json")


def main() -> None:
    """Fuzz one target for some seconds."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=[*PARSERS, "http"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.target == "http":
        from tests.fuzz.surface import run

        print(run(chosen.seconds, seed=chosen.seed).told())
    else:
        _guided(chosen.target, chosen.seconds, chosen.seed)


def _guided(target: str, seconds: int, seed: int) -> None:
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["doorlist"]):
        from tests.fuzz.targets import feed
    found = tempfile.mkdtemp(prefix=f"doorlist-fuzz-{target}-")
    options = [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=4096", "-timeout=5", "-rss_limit_mb=1024"]
    options += [f"-dict={CORPUS / 'words.dict'}", f"-artifact_prefix={found}/"]
    atheris.Setup([sys.argv[0], found, str(CORPUS / target), *options], lambda data: feed(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
