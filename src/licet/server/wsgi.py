"""The application that the web server runs."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from licet.server import diagnostics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "licet.server.settings")
diagnostics.configure()
application = get_wsgi_application()
