"""How mail leaves: by SMTP where licet.toml names a server, else shown on the terminal (demo) or kept in files."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from licet.errors import BadInput
from licet.server.deployment import Deployment, read_secret

SMTP_WAIT_S = 20
SMTP_PORT, SMTPS_PORT = 587, 465


def mail_settings(deployment: Deployment) -> dict[str, Any]:
    """Django's settings for mail. Raises BadInput for a URL that cannot be used."""
    settings: dict[str, Any] = {"DEFAULT_FROM_EMAIL": deployment.table.mail_from or "licet@localhost"}
    if not deployment.table.mail:
        backend = "console" if deployment.is_demo else "filebased"
        return {
            **settings,
            "EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend",
            "EMAIL_FILE_PATH": str(deployment.data / "mail"),
        }
    try:
        url = urlsplit(deployment.table.mail)
        port = url.port
    except ValueError as error:
        raise BadInput(f"the mail server's URL cannot be read: {error}") from None
    is_tls = url.scheme == "smtps"
    password_file = deployment.table.mail_password_file
    return {
        **settings,
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname or "",
        "EMAIL_PORT": port or (SMTPS_PORT if is_tls else SMTP_PORT),
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": read_secret(password_file) if password_file else "",
        "EMAIL_USE_SSL": is_tls,
        # On the submission port STARTTLS is expected; another port is somebody's own relay or a test's sink.
        "EMAIL_USE_TLS": not is_tls and port in (None, SMTP_PORT),
        "EMAIL_TIMEOUT": SMTP_WAIT_S,
    }
