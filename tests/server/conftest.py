"""How the service is set up for its tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from support.postgresql import Cluster, running_cluster


@pytest.fixture(autouse=True)
def _service(settings: Any, tmp_path: Path) -> None:
    """Documentation addresses can be registered, mail is kept in memory, and files go to a folder of the test."""
    settings.DEPLOYMENT = dataclasses.replace(settings.DEPLOYMENT, data=tmp_path)
    settings.LICET_DOCUMENTATION_ADDRESSES = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    # Argon2 takes 50 ms a password on purpose; what is tested here is never how it hashes.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    """A page asked for in another language leaves the thread in it; the next test begins anew."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for those tests that bring a database of their own; one for the whole run."""
    with running_cluster() as running:
        yield running
