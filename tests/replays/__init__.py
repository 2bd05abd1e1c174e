"""Suites of others, replayed by our own tests under the names of theirs (docs/reference/conformance-suites.md)."""
