"""Django's settings, computed from the deployment. Nothing here is edited by hand: see `deployment` and licet.toml."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from licet.errors import BadInput
from licet.server import chance
from licet.server.database import database_settings
from licet.server.deployment import read_deployment, read_secret
from licet.server.mail import mail_settings

HERE = Path(__file__).parent
DEPLOYMENT = read_deployment(os.environ)
_URL = urlsplit(DEPLOYMENT.table.url)
_IS_HTTPS = _URL.scheme == "https"

DEBUG = False
# A process that was not started by `licet serve` (a type checker, a test) signs with a key of its own.
SECRET_KEY = read_secret(DEPLOYMENT.secret_key_path) if DEPLOYMENT.secret_key_path.exists() else chance.secret_key()
ALLOWED_HOSTS = [host for host in (_URL.hostname, "localhost", "127.0.0.1", "[::1]") if host]
CSRF_TRUSTED_ORIGINS = [f"{_URL.scheme}://{_URL.netloc}"] if _URL.netloc else []
ROOT_URLCONF = "licet.server.urls"
WSGI_APPLICATION = "licet.server.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "licet.server.registry",
    "licet.server.public",
    "licet.server.audit",
    "licet.server.orders",
    "licet.server.registrant",
    "licet.server.desk",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "licet.server.metrics.CountRequests",
    "licet.server.diagnostics.LogRequests",
    "licet.server.caching.CacheRules",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "licet.server.paths.RefuseNul",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "licet.server.context.registry",
            ],
        },
    },
]

DATABASES = {"default": database_settings(DEPLOYMENT)}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
globals().update(mail_settings(DEPLOYMENT))
EMAIL_SUBJECT_PREFIX = ""

# Requests are bounded: no form of this service is larger than a page of text.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 0

# Sign-in.
AUTH_USER_MODEL = "registry.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
PASSWORD_LENGTH_MIN = 12
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
     "OPTIONS": {"min_length": PASSWORD_LENGTH_MIN}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "registrant:home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_CHANGE_EMAIL = True  # an account has one address; a new one takes its place once it is confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True  # who changes how an account is signed in to, tells its owner
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _IS_HTTPS else "http"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "signup": "20/m/ip", "reset_password": "20/m/ip,5/m/key"}
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _IS_HTTPS  # browsers allow it on localhost alone
MFA_TOTP_ISSUER = DEPLOYMENT.table.name or "licet"
# Behind TLS there is one proxy, which adds the address that the throttle counts by; it is kept in memory only.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _IS_HTTPS else 0

# Sessions and cookies.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_HTTPS
SESSION_COOKIE_AGE = 12 * 3_600
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "licet.server.public.errors.stale_form"
SECURE_HSTS_SECONDS = 365 * 86_400 if _IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _IS_HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # Pico's icons
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# Language and time.
LANGUAGE_CODE = DEPLOYMENT.table.language or "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise BadInput(f"language is “{LANGUAGE_CODE}”; there are {', '.join(dict(LANGUAGES))}")
LOCALE_PATHS = [HERE / "locale"]
FORMAT_MODULE_PATH = ["licet.server.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files are served from the package, found at the start; names carry no hash, so they are cached briefly.
STATIC_URL = "/static/"
STATIC_ROOT = None
STATICFILES_DIRS = [HERE / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3_600
LOGGING_CONFIG = None

# Whose word about where a connection came from is believed: the reverse proxy's, where there is one.
LICET_PROXY = DEPLOYMENT.table.proxy

# For tests, demonstrations and pages of the documentation: addresses that nobody has.
LICET_DOCUMENTATION_ADDRESSES = DEPLOYMENT.is_demo
# Officers decide with a passkey or an authenticator app; the sign-ins of a demonstration are printed on a terminal.
LICET_SECOND_FACTOR = not DEPLOYMENT.is_demo
