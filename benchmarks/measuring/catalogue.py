"""Which scenarios there are: the standard set, and those of a stranger's modules.

Everything the user can get wrong about scenarios is found here, before anything is
measured. This room knows no figures and runs no contender.
"""

import difflib
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final

import attrs

from benchmarks.scenario import (
    BYTES,
    MICROSECONDS,
    OURS,
    PER_SECOND,
    PROVIDERS,
    Scenario,
    provided_by,
)

UNITS: Final = (PER_SECOND, BYTES, MICROSECONDS)


class CatalogueError(Exception):
    """A scenario or contender that cannot be had. The user's act.

    Its text is for a person: one line, and for a module that does not import the
    traceback of its own frames above it.
    """


@attrs.frozen
class Item:
    """A scenario, and the stranger's module that it comes from."""

    scenario: Scenario
    module: Path | None = None
    """None for the standard set."""

    @property
    def name(self) -> str:
        """The scenario's."""
        return self.scenario.name

    def contenders(self) -> list[str]:
        """Who can be had here, `ours` first."""
        names = list(self.scenario.contenders())
        return sorted(names, key=lambda name: name != OURS)


# {scenario's name: item}, in the order in which they are shown
Catalogue = Mapping[str, Item]


def standard() -> dict[str, Item]:
    """The standard set.

    Raises:
        CatalogueError: one of its scenarios is badly declared.
    """
    module = importlib.import_module("benchmarks.scenarios.standard")
    classes: Sequence[type[Scenario]] = module.SCENARIOS
    return _named((made(each) for each in classes), None, "the standard set")


def standard_in(room: str) -> dict[str, Item]:
    """Those of the standard set that this module declares; the others are not loaded.

    Raises:
        CatalogueError: one of them is badly declared.
    """
    module = importlib.import_module(room)
    return _named((made(each) for each in _declared_in(module)), None, room)


def load_module(path: Path) -> dict[str, Item]:
    """The scenarios that a stranger's file declares: classes, public, in their order.

    The file's folder comes to the front of `sys.path`, as for a program.

    Raises:
        CatalogueError: it is not there, it raises, it declares no scenario, or a bad
            one.
    """
    path = path.resolve()
    module = _import(path)
    classes = _declared_in(module)
    if not classes:
        raise CatalogueError(
            f"{path} has no scenario: subclass benchmarks.Scenario in it, "
            "with a public name"
        )
    return _named((made(each) for each in classes), path, str(path))


def load(modules: Iterable[Path]) -> dict[str, Item]:
    """The scenarios of several files.

    Raises:
        CatalogueError: as `load_module`, or two of them have the same name.
    """
    found: dict[str, Item] = {}
    for path in modules:
        for name, item in load_module(path).items():
            other = found.setdefault(name, item)
            if other is not item and other.module != item.module:
                raise CatalogueError(
                    f"{other.module} and {item.module} both have a scenario {name}"
                )
    return found


def select(catalogue: Catalogue, names: Sequence[str], *, short: bool) -> list[Item]:
    """Those with one of these names or numbers, or beginning so; the short set of them.

    A name in full means that one alone, though others begin with it. Without names all
    are meant. The order is the catalogue's.

    Raises:
        CatalogueError: a name fits nothing, or nothing is left.
    """
    chosen = set(catalogue) if not names else set[str]()
    for name in names:
        fits = _fitting(catalogue, name)
        if not fits:
            raise CatalogueError(_unknown("scenario", name, catalogue))
        chosen.update(fits)
    found = [item for name, item in catalogue.items() if name in chosen]
    if short:
        found = [item for item in found if item.scenario.short]
    if not found:
        raise CatalogueError("none of these scenarios belongs to the short set")
    return found


def choose(items: Sequence[Item], against: Sequence[str] | None) -> dict[str, str]:
    """`{contender: why it cannot be had, or ""}` of those that are to run.

    `against` None means all. `ours` is always among them, and first.

    Raises:
        CatalogueError: a contender of `against` does not exist anywhere.
    """
    known = dict.fromkeys([OURS, *PROVIDERS])
    for item in items:
        known.update(dict.fromkeys(item.contenders()))
    for name in against or ():
        if name not in known:
            raise CatalogueError(_unknown("contender", name, known))
    found: dict[str, str] = {}
    provided = any(item.scenario.provided for item in items)
    for name in known:
        if name != OURS and against is not None and name not in against:
            continue
        found[name] = ""
        if provided and name in PROVIDERS:
            provider = provided_by(name)
            found[name] = provider if isinstance(provider, str) else ""
    return found


def made(kind: type[Scenario]) -> Scenario:
    """A scenario of this class, checked.

    Raises:
        CatalogueError: what it declares makes no sense.
    """
    try:
        scenario = kind()
    except Exception as error:
        raise CatalogueError(
            f"scenario {kind.__name__} cannot be made without arguments: {error}"
        ) from error
    for wrong in _faults(scenario):
        raise CatalogueError(f"scenario {scenario.name}: {wrong}")
    return scenario


def _faults(scenario: Scenario) -> Iterable[str]:
    """What is wrong with its class attributes; a stranger's may have any type."""
    name: object = scenario.name
    if not isinstance(name, str) or not re.fullmatch(r"[^\s,-][^\s,]*", name):
        yield f"name must be a word, got {name!r}"
    numbers: dict[str, object] = {"count": scenario.count, "rounds": scenario.rounds}
    numbers |= {f"counts[{key!r}]": value for key, value in scenario.counts.items()}
    for what, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            yield f"{what} must be a whole number above 0, got {value!r}"
    warm_up: object = scenario.warm_up
    if not isinstance(warm_up, int | float) or not 0 <= warm_up <= 1:
        yield f"warm_up must be a part from 0 to 1, got {warm_up!r}"
    if scenario.unit not in UNITS:
        yield f"unit must be PER_SECOND, BYTES or MICROSECONDS, got {scenario.unit!r}"
    contenders = scenario.own_contenders()
    if OURS not in contenders:
        yield "it has no contender `ours`: write `async def ours(self, run: Run)`"
    for contender, function in contenders.items():
        try:
            inspect.signature(function).bind(object())
        except TypeError:
            yield (
                f"contender {contender} must take one argument, the run; begin the "
                "name of a method that is no contender with an underscore"
            )


def _named(
    scenarios: Iterable[Scenario], module: Path | None, where: str
) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for scenario in scenarios:
        if scenario.name in found:
            raise CatalogueError(f"{where} has two scenarios {scenario.name}")
        found[scenario.name] = Item(scenario, module)
    return found


def _declared_in(module: ModuleType) -> list[type[Scenario]]:
    """The public scenarios that a module itself declares, in their order."""
    return [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Scenario)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]


def _fitting(catalogue: Catalogue, name: str) -> list[str]:
    if name in catalogue:
        return [name]
    numbered = [
        each for each, item in catalogue.items() if item.scenario.number == name
    ]
    return numbered or [each for each in catalogue if name and each.startswith(name)]


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The message about a name that nothing has."""
    close = difflib.get_close_matches(name, list(known), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`list` names them"
    return f"unknown {what} {name!r}: {hint}"


def _import(path: Path) -> ModuleType:
    """Run the file as a module named after it."""
    if not path.is_file():
        raise CatalogueError(f"there is no module {path}")
    # a user's json.py must not hide the library's
    name = f"module_{path.stem}" if path.stem in sys.modules else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CatalogueError(f"{path} is not a Python file: its name must end in .py")
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is shown to its author
        del sys.modules[name]
        text = "".join(
            traceback.format_exception(type(error), error, _own_frames(error, path))
        )
        raise CatalogueError(f"{text}{path} cannot be imported") from None
    return module


def _own_frames(error: BaseException, path: Path) -> TracebackType | None:
    """The traceback from the user's file on; None if it never came to run."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != str(path):
        frame = frame.tb_next
    return frame
