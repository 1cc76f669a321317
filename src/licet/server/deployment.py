"""Where this registry keeps its data and how it is reached: licet.toml, the environment, and files with secrets.

The environment wins over the file, so that one file can serve several machines. Variables: LICET_CONFIG names the file
(else `licet.toml` in the current folder, if it is there); LICET_DATA, LICET_NAME, LICET_URL, LICET_DATABASE,
LICET_DATABASE_PASSWORD_FILE, LICET_MAIL, LICET_MAIL_FROM, LICET_MAIL_PASSWORD_FILE, LICET_SECURITY_CONTACT,
LICET_LANGUAGE, LICET_PROXY and LICET_WORKERS stand for the fields of `[server]`. LICET_DEMO=1 shows mail on the
terminal and takes addresses kept for documentation.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from licet.app.config import Config, Network, load_config
from licet.app.log_table import LogTable
from licet.app.server_table import FIELDS, URL_LENGTH_MAX, WORKERS_MAX, ServerTable, form_missed
from licet.errors import BadFile, BadInput
from licet.server import chance

CONFIG_NAME = "licet.toml"
DATA_NAME = "licet-data"
SECRET_KEY_NAME = "secret_key"
LOG_KEY_NAME, LOG_NAME = "log_key", "log"
TUF_NAME, ONLINE_KEYS_NAME, STARTER_KEYS_NAME = "tuf", "online_keys", "starter_keys"
SECRET_BYTES_MAX = 4_096
FOLDER_MODE, SECRET_MODE = 0o700, 0o600


@dataclass(frozen=True)
class Deployment:
    """config_path: of the file that was read, or ""; data: the folder; prefixes: of the owner's network; is_demo: for
    a look around, never for use."""

    config_path: str
    data: Path
    table: ServerTable
    prefixes: tuple[Network, ...]
    is_demo: bool
    log: LogTable = field(default_factory=LogTable)

    @property
    def secret_key_path(self) -> Path:
        """Where the key that signs sessions is kept."""
        return self.data / SECRET_KEY_NAME

    @property
    def log_key_path(self) -> Path:
        """Where the key that signs the log is kept, on the one machine that writes it."""
        return self.data / LOG_KEY_NAME

    @property
    def log_path(self) -> Path:
        """The folder of the log, which any web server can serve."""
        return self.data / LOG_NAME

    @property
    def tuf_path(self) -> Path:
        """The folder of signed snapshots, which any web server can serve."""
        return self.data / TUF_NAME

    @property
    def online_keys_path(self) -> Path:
        """Where the keys are kept that sign snapshots, on the one machine that publishes them."""
        return self.data / ONLINE_KEYS_NAME

    @property
    def starter_keys_path(self) -> Path:
        """Where the offline keys are that a new registry makes for itself, until people make their own elsewhere."""
        return self.data / STARTER_KEYS_NAME

    @property
    def database_path(self) -> Path:
        """Where SQLite keeps its file."""
        return self.data / "registry.sqlite3"


def read_deployment(environment: Mapping[str, str]) -> Deployment:
    """What the environment and the file that it names say. Raises BadFile or BadInput for the first mistake."""
    config = _config(environment.get("LICET_CONFIG", ""))
    table = _with_environment(config.server, environment)
    data = Path(table.data or DATA_NAME).resolve()
    return Deployment(config.path, data, table, config.prefixes, environment.get("LICET_DEMO") == "1",
                      config.log)


def _config(path: str) -> Config:
    if path:
        return load_config(path)
    return load_config(CONFIG_NAME) if os.path.exists(CONFIG_NAME) else Config(path="")


def _with_environment(table: ServerTable, environment: Mapping[str, str]) -> ServerTable:
    variables = {name: environment.get(f"LICET_{name.upper()}", "") for name in FIELDS}
    said = {name: value for name, value in variables.items() if value}
    for name, value in said.items():
        if len(value) > URL_LENGTH_MAX:
            raise BadInput(f"LICET_{name.upper()} has {len(value)} characters; {URL_LENGTH_MAX} is the most")
        if form := form_missed(name, value):
            raise BadInput(f"LICET_{name.upper()} is “{value[:60]}”, which is not of the form {form}")
    workers = said.pop("workers", None)
    table = dataclasses.replace(table, **said)  # type: ignore[arg-type]  # all that is left is text
    if workers is None:
        return table
    if not workers.isascii() or not workers.isdigit() or not 1 <= int(workers) <= WORKERS_MAX:
        raise BadInput(f"LICET_WORKERS is “{workers[:20]}”; it is a number from 1 to {WORKERS_MAX}")
    return dataclasses.replace(table, workers=int(workers))


def make_folder(deployment: Deployment) -> None:
    """Make the data folder, for its owner alone, and the key that signs sessions. What is there stays as it is. Raises
    BadFile."""
    try:
        deployment.data.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _write_secret(deployment.secret_key_path, chance.secret_key())
    except OSError as error:
        raise BadFile(str(deployment.data), f"cannot be written: {error.strerror or error}") from None


def make_database_file(deployment: Deployment) -> None:
    """Where SQLite is used, make its file, empty and for its owner alone; it gives those beside it the same mode.
    Raises BadFile."""
    if deployment.table.database:
        return
    try:
        os.close(os.open(deployment.database_path, os.O_WRONLY | os.O_CREAT, SECRET_MODE))
    except OSError as error:
        raise BadFile(str(deployment.database_path), f"cannot be written: {error.strerror or error}") from None


def _write_secret(path: Path, secret: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret + "\n")


def read_secret(path: str | os.PathLike[str]) -> str:
    """The secret in a file, without the line's end. Raises BadFile where it cannot be read, is empty, or may be read by
    others."""
    name = os.fspath(path)
    try:
        with open(name, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(SECRET_BYTES_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(name, f"cannot be read: {error}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise BadFile(name, "holds a secret and can be read by others: chmod 600 it")
    if not secret:
        raise BadFile(name, "is empty; it should hold one line, the secret")
    return secret
