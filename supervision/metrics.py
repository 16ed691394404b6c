"""Your own numbers beside those of a service, where Prometheus scrapes them.

Declare them once, at the top of a module, in `REGISTRY`; a service serves it, at
`GET /metrics` of its control socket and of `--metrics HOST:PORT`:

    words = REGISTRY.counter("chat_words_total", "Words said.", ["model"])
    words.inc(3, model="small")
"""

from ._metrics.kinds import Counter, Gauge, Histogram
from ._metrics.registry import REGISTRY, SECONDS, Registry

__all__ = ["REGISTRY", "SECONDS", "Counter", "Gauge", "Histogram", "Registry"]
