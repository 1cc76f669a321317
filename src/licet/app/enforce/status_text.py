"""The last computation of an enforcer, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def status_lines(status: dict[str, Any], is_off: bool, told: dict[str, Any]) -> Iterator[str]:
    """status: what is in status.json, {} where there is none; told: the same of told.json."""
    if not status:
        yield "nothing was computed yet: `licet enforce plan` shows what would be"
        if is_off:
            yield "switched off: nothing is applied until `licet enforce apply`"
        return
    yield f"computed:  {status.get('computed')}"
    yield f"network:   {status.get('network')}, which counts as {status.get('kind')}"
    mode = "switched off" if is_off else status.get("mode")
    yield f"mode:      {mode}"
    rules = status.get("rules") or []
    yield f"in force:  {0 if is_off else status.get('in_force', 0)} of {len(rules)} that were computed"
    yield f"good until {status.get('log_until')} by the log, {status.get('registry_until')} by the registry"
    if told:
        problem = told.get("problem")
        yield f"told:      {told.get('to')}, of {told.get('computed')}" + (f", not taken: {problem}" if problem else "")
    for one in status.get("doubts") or []:
        yield f"doubt:     {one.get('why')} ({one.get('code')})"
    for one in rules:
        yield f"rule:      {one.get('endpoint')}  {one.get('protocol')}  {one.get('order')}  until {one.get('until')}"
    for one in status.get("left_out") or []:
        where = f"{one.get('order')} {one.get('endpoint') or ''}".rstrip()
        yield f"left out:  {where}: {one.get('why')} ({one.get('code')})"
