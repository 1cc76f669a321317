"""Settings for the whole run."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadlines: a busy machine is no bug. On a server that checks changes the examples are the same each time, so that a
# change is judged by itself; everywhere else they are new ones.
settings.register_profile("licet", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("licet")
