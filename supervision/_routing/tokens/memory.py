"""`MemoryTokens`: they outlive sessions and routers, but not the process."""

from __future__ import annotations

import json

from .words import keep, to_json


class MemoryTokens:
    """Tokens that outlive sessions and routers, but not the process."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}  # {key: token as JSON}

    def load(self) -> dict[str, object]:
        """Return `{key: token}` of all that is kept."""
        return {key: json.loads(text) for key, text in self._texts.items()}

    def save(self, key: str, token: object) -> None:
        """Keep a token; None: forget it.  Raises TypeError: not a JSON value."""
        keep(self._texts, key, token, to_json(token))
