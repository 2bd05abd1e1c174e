"""What a rehearsal found, as text, JSON and JUnit XML."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import msgspec

from entrasim.scim_client import Exchange

STATUSES = ("passed", "failed", "warning", "skipped")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check. status: passed, failed (the client gets into trouble), warning (it copes), skipped.

    `found` says what the endpoint did, `next_step` what the real client would do then; both are empty when it passed.
    """

    id: str
    title: str
    status: str
    found: str = ""
    next_step: str = ""
    requests: list[Exchange] = []


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All findings of one rehearsal of one profile."""

    profile: str
    url: str
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """True when no check failed."""
        return not self.of("failed")

    def of(self, status: str) -> list[Finding]:
        """Return the findings of one status."""
        return [finding for finding in self.findings if finding.status == status]

    def raise_for_failures(self) -> None:
        """Raise `AssertionError` with the failed checks, if there are any."""
        if not self.ok:
            raise AssertionError(self.text(everything=False))

    def text(self, *, everything: bool = True) -> str:
        """Spell the report for people; without `everything` only what did not pass."""
        counts = ", ".join(f"{len(self.of(status))} {status}" for status in STATUSES)
        lines = [f"{self.profile} against {self.url}: {counts}"]
        for one in self.findings:
            if everything or one.status in ("failed", "warning"):
                lines += _lines(one)
        return "\n".join(lines)

    def json(self) -> bytes:
        """Spell the report as JSON, with the raw requests."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    def junit(self) -> str:
        """Spell the report as JUnit XML; warnings are passed test cases with output."""
        cases = "\n".join(_case(self.profile, finding) for finding in self.findings)
        name, total = quoteattr(f"entrasim {self.profile}"), len(self.findings)
        counts = f'tests="{total}" failures="{len(self.of("failed"))}" skipped="{len(self.of("skipped"))}"'
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<testsuites><testsuite name={name} {counts}>\n{cases}\n</testsuite></testsuites>\n"
        )


_MARKS = {"passed": "✔", "failed": "✖", "warning": "!", "skipped": "-"}


def _lines(finding: Finding) -> list[str]:
    lines = [f"{_MARKS[finding.status]} {finding.id}: {finding.title}"]
    if finding.found:
        lines.append(f"    found: {finding.found}")
    if finding.next_step:
        lines.append(f"    then:  {finding.next_step}")
    lines += [f"    {one.method} {one.path} → {one.status}" for one in finding.requests if finding.status == "failed"]
    return lines


def _case(profile: str, finding: Finding) -> str:
    inner, told = "", _xml_text(f"{finding.found}\n{finding.next_step}".strip())
    if finding.status == "failed":
        inner = f"<failure message={quoteattr(_xml_text(finding.found, escaped=False))}>{told}</failure>"
    elif finding.status == "skipped":
        inner = f"<skipped message={quoteattr(_xml_text(finding.found, escaped=False))}/>"
    elif finding.status == "warning":
        inner = f"<system-out>{told}</system-out>"
    seconds = sum(one.milliseconds for one in finding.requests) / 1000
    head = f'<testcase classname={quoteattr(profile)} name={quoteattr(finding.id)} time="{seconds:.3f}"'
    return f"{head}>{inner}</testcase>" if inner else f"{head}/>"


def _xml_text(text: str, *, escaped: bool = True) -> str:
    """Leave out what XML 1.0 cannot carry."""
    kept = "".join(letter for letter in text if letter in "\t\n" or " " <= letter <= "\ud7ff" or letter > "\uffff")
    return escape(kept) if escaped else kept
