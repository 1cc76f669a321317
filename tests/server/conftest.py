"""How the service is set up for its tests."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _service(settings: Any) -> None:
    """Documentation addresses can be registered, and mail is kept in memory."""
    settings.LICET_DOCUMENTATION_ADDRESSES = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    # Argon2 takes 50 ms a password on purpose; what is tested here is never how it hashes.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
