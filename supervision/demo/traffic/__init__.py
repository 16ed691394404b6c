"""The traffic of the demo: what was recorded, what is to be done, what became of it.

May know the words of `actors` and the limits of routers; must not know the tree that it
is for, nor who watches.  `python -m benchmarks.replay` plays the same recording.  In
reading order:

    recording       the recorded turns, and what is to go wrong with each of them
    plan            how fast, how much, with which faults
    words wire      what senders and service say to each other, and how
    book            the senders' own account
    senders         who sends all this, and does what users do
"""

from .recording import CHUNK as CHUNK
from .recording import GRID as GRID
from .recording import PREFILL as PREFILL
from .recording import RECORDING as RECORDING
from .recording import SHARES as SHARES
from .recording import TOKENS_PER_SECOND as TOKENS_PER_SECOND
from .recording import Accident as Accident
from .recording import Prompt as Prompt
from .recording import Recorded as Recorded
from .recording import planned as planned
from .recording import recorded as recorded

__all__ = (
    "CHUNK",
    "GRID",
    "PREFILL",
    "RECORDING",
    "SHARES",
    "TOKENS_PER_SECOND",
    "Accident",
    "Prompt",
    "Recorded",
    "planned",
    "recorded",
)
