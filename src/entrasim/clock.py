"""The clock of the simulated world: it runs with real time, runs beside it, or stands still until it is moved.

One setting of the state file holds it, so every process of one state agrees. Whoever needs a time takes a `Clock`
from `load_clock` and calls it; nothing else of the package reads the present.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from entrasim.people import timestamp
from entrasim.refusals import InvalidTime
from entrasim.statefile import StateFile

_SETTING = "clock"
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def real_time() -> datetime:
    """Return the present in UTC."""
    return datetime.now(UTC)


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time stands: `held` while it stands still, otherwise real time plus `offset` seconds."""

    held: datetime | None = None
    offset: float = 0.0

    def at(self, present: datetime) -> datetime:
        """Return what this clock shows when the real time is `present`."""
        return self.held or present + timedelta(seconds=self.offset)

    def __call__(self) -> datetime:
        """Return what this clock shows now."""
        return self.at(real_time())


def load_clock(state: StateFile) -> Clock:
    """Return the state's clock as it is set now; take it again after it was moved."""
    packed = state.setting(_SETTING)
    return Clock() if packed is None else msgspec.json.decode(packed, type=Clock)


def hold_clock(state: StateFile, moment: datetime | None = None) -> Clock:
    """Stop the clock, at a moment or where it stands. Raises `InvalidTime`."""
    return _save(state, lambda clock: Clock(held=moment or clock()))


def release_clock(state: StateFile) -> Clock:
    """Let a clock that stands still run on from where it stands."""
    return _save(state, lambda clock: _running_from(clock()) if clock.held else clock)


def set_clock(state: StateFile, moment: datetime) -> Clock:
    """Show another time; a clock that stands still stays still. Raises `InvalidTime`."""
    return _save(state, lambda clock: Clock(held=moment) if clock.held else _running_from(moment))


def reset_clock(state: StateFile) -> Clock:
    """Go back to real time."""
    return _save(state, lambda _: Clock())


def parse_moment(text: str) -> datetime:
    """Read an RFC 3339 time or a date; without an offset it is UTC. Raises `InvalidTime`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidTime(f"{text!r} is no time such as 2026-11-23T09:00Z.") from error
    return _checked(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))


def parse_span(text: str) -> timedelta:
    """Read a span such as `40m`, `6h`, `30d` or `1d12h`. Raises `InvalidTime`."""
    span, number = timedelta(), ""
    for letter in text:
        if letter.isascii() and letter.isdigit() and len(number) < 6:
            number += letter
        elif letter in _UNITS and number:
            span += timedelta(**{_UNITS[letter]: int(number)})
            number = ""
        else:
            number = "?"
            break
    if number or not span:
        raise InvalidTime(f"{text!r} is no span such as 40m, 6h, 30d or 1d12h.")
    return span


def _running_from(moment: datetime) -> Clock:
    return Clock(offset=(moment - real_time()).total_seconds())


def _save(state: StateFile, move: Callable[[Clock], Clock]) -> Clock:
    with state.transaction():
        clock = move(load_clock(state))
        _checked(clock())
        state.set_setting(_SETTING, msgspec.json.encode(clock).decode())
    return clock


def _checked(moment: datetime) -> datetime:
    if not _EARLIEST <= moment <= _LATEST:
        raise InvalidTime(f"{timestamp(moment)} is outside of {_EARLIEST:%Y} to {_LATEST:%Y}.")
    return moment
