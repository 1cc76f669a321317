"""How long an exchange may take in all, however slowly its bytes come."""

from __future__ import annotations

import time


class Deadline:
    """An end, so many seconds after it was made, by the clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds that remain; 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())

    def require_left_s(self, most_s: float) -> float:
        """Seconds to wait next: what remains, at most `most_s`. Raises TimeoutError when nothing remains."""
        left = self.left_s()
        if left <= 0:
            raise TimeoutError("the time for the whole exchange is over")
        return min(left, most_s)
