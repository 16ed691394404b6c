"""What sessions have bound under their keys: in memory, or in a file.

A token is what a session needs to be resumed (`Session.bind`): a JSON value, small.  It
is saved the moment it is bound, so that a killed process has lost none.  In reading
order:

    words       where tokens are kept, and what one is
    memory      MemoryTokens: they outlive sessions and routers
    disk        waiting until a file is on the disk
    file        FileTokens: they outlive the process
    book        those of one router, and which keys have no session

Callers import them from here.
"""

from __future__ import annotations

from .book import TokenBook as TokenBook
from .file import FileTokens as FileTokens
from .file import TokensFileError as TokensFileError
from .file import TokensHeldError as TokensHeldError
from .memory import MemoryTokens as MemoryTokens
from .words import Durable as Durable
from .words import Tokens as Tokens
from .words import to_json as to_json
