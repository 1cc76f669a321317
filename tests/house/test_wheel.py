"""The wheel holds what the source tree holds: every module, page, text, style sheet, translation and migration.

What an editable install finds in the tree, and a wheel leaves out, is missed by nobody who develops licet, and by
everybody who installs it. `make wheel` also runs what it built.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from house.source import ROOT, SRC

BUILD_S = 300
NEEDED = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel that is built of a copy of the tree, without the kernel: compiling takes long."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(SRC, folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info"))
    for name in NEEDED:
        shutil.copy(ROOT / name, folder)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
               "--wheel-dir", str(folder / "dist"), str(folder)]
    done = subprocess.run(command, env={**os.environ, "LICET_NO_KERNEL": "1"}, capture_output=True, text=True,
                          timeout=BUILD_S, check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def in_the_tree() -> set[str]:
    found = (path.relative_to(SRC) for path in (SRC / "licet").rglob("*") if path.is_file())
    return {str(path) for path in found if "__pycache__" not in path.parts and path.suffix != ".so"}


def test_the_wheel_holds_every_file_of_the_tree_and_no_other(held: set[str]) -> None:
    tree = in_the_tree()
    assert len(tree) > 500
    assert {Path(name).suffix for name in tree} >= {".html", ".css", ".js", ".svg", ".po", ".mo", ".txt", ".toml"}
    assert sorted(tree - held) == []
    assert [name for name in sorted(held - tree) if not name.split("/")[0].endswith(".dist-info")] == []


def test_the_wheel_comes_with_its_licences_and_its_command(held: set[str]) -> None:
    beside = {Path(name).name for name in held if name.split("/")[0].endswith(".dist-info")}
    assert {"LICENSE", "METADATA", "entry_points.txt"} <= beside
    assert "licet/server/static/licet/pico/LICENSE.md" in held
