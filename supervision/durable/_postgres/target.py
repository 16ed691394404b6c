"""Where the server is, as a user says it; and how it is said without a secret.

What libpq says of an address that it cannot read has parts of it, so none of its words
on that are passed on.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, quote_plus

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

HIDDEN: Final = "***"
_SECRETS: Final = ("password", "sslpassword", "oauth_client_secret")
_DEFAULTS: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "fallback_application_name": "trio-actors",
}
SILENT: Final = 30.0
"""Seconds, at most, until a server that is gone without a word is found out."""
_CONNECT: Final = (2.0, 5.0)  # seconds, at least and at most, for a connection


class Target:
    """An address of a server.

    Args:
        dsn: what a user gave.
        silent: seconds after which a way on which nothing arrives is given up, and
            another one is made.  TCP itself tries again later and later: when a
            network comes back after a while, one node would be there at once, and
            another one only after as long a while again, and be taken for dead.

    Raises:
        TypeError, ValueError: it is none; what it is is not said.
    """

    def __init__(self, dsn: object, silent: float = SILENT) -> None:
        if not isinstance(dsn, str):
            msg = f"dsn must be a str, got one of {type(dsn).__name__}"
            raise TypeError(msg)
        try:
            given: dict[str, Any] = dict(conninfo_to_dict(dsn))
        except psycopg.Error:
            given = {"host": "@@"}
        if not _is_plausible(given):
            msg = (
                "dsn is no address of PostgreSQL: write 'postgresql://user@host/name'"
                " or 'host=... dbname=...', and quote what is special in a password"
                " (%40 for @, %2F for /)"
            )
            raise ValueError(msg)
        least, most = _CONNECT
        how: dict[str, Any] = {
            **_DEFAULTS,
            "connect_timeout": round(max(least, min(most, silent))),
            "tcp_user_timeout": round(1000 * max(1.0, min(SILENT, silent))),
            **given,
            "client_encoding": "utf8",
        }
        self.conninfo = make_conninfo(**how)
        """All of it, secrets too."""
        self._secrets = [
            form
            for each in _SECRETS
            if (value := str(given.get(each) or ""))
            for form in {value, quote(value), quote(value, safe=""), quote_plus(value)}
        ]
        self.path = f"{_where(given)}/{given.get('dbname') or given.get('user') or ''}"
        """In words: host and database."""

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Make a connection; it blocks.  Raises psycopg.Error."""
        return psycopg.connect(self.conninfo, autocommit=True, prepare_threshold=None)

    def said(self, error: BaseException) -> str:
        """Say what an error says, without a secret."""
        return self.hidden(str(error).strip() or type(error).__name__)

    def hidden(self, words: str) -> str:
        """Put stars in the place of secrets."""
        for each in self._secrets:
            words = words.replace(each, HIDDEN)
        return words


def _where(given: dict[str, Any]) -> str:
    return str(given.get("host") or given.get("hostaddr") or given.get("service") or "")


def _is_plausible(given: dict[str, Any]) -> bool:
    """Whether no part of a password has come to stand elsewhere."""
    ports = str(given.get("port") or "")
    return (
        "@" not in str(given.get("host") or "")[1:]
        and "@" not in str(given.get("dbname") or "")
        and all(not each or each.isdecimal() for each in ports.split(","))
    )
