"""The writer with its real outbox, killed at random moments: nothing is lost, doubled or reordered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.own_database(reason="the outbox of the process that is killed is a file of SQLite's")

# The whole of it takes some minutes: LICET_WRITER_KILLS=500 LICET_WRITER_ENTRIES=50000
KILLS, ENTRIES = os.environ.get("LICET_WRITER_KILLS", "8"), os.environ.get("LICET_WRITER_ENTRIES", "400")


def test_a_registry_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "bench.kill_writer", str(tmp_path), "--kills", KILLS, "--entries", ENTRIES]
    environment = {**os.environ, "PYTHONPATH": str(root / "tests"), "LICET_DATABASE": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == int(KILLS)
    assert found["entries"] >= int(ENTRIES)
    assert found["bodies kept apart"] >= int(ENTRIES) // 7
