"""Models of pydantic, without importing it: taken apart and made as pickle does it.

A model is its state: the values of its fields, those that it allows beside them, which
of the fields were given, and what is private.  Nothing is validated when it is made
again, so exactly what was there comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

# Any in this file: models are anybody's

FIELDS: Final = "fields"
PARTS: Final = (FIELDS, "extra", "given", "private")
_STATE: Final = (
    "__dict__",
    "__pydantic_extra__",
    "__pydantic_fields_set__",
    "__pydantic_private__",
)


def is_model(cls: Any) -> bool:
    """Tell whether a class is a model of pydantic."""
    return (
        isinstance(cls, type)
        and hasattr(cls, "__pydantic_validator__")
        and (hasattr(cls, "model_fields"))
    )


def types_of(cls: Any) -> Iterable[Any]:
    """Give the types of a model's fields."""
    return [each.annotation for each in cls.model_fields.values()]


def parts_of(model: Any) -> tuple[Any, ...]:
    """Take a model apart, into `PARTS`; a `RootModel` has not all of them."""
    state: Mapping[str, Any] = model.__getstate__()
    return tuple(state.get(each) for each in _STATE)


def maker_of(cls: Any) -> Callable[[Mapping[str, Any]], Any]:
    """Give what makes a model of its parts.

    Of fields that a newer class has, the defaults are taken; of fields that it has no
    more, nothing.  Raises ValueError: one has no default.
    """

    def make(given: Mapping[str, Any]) -> Any:
        had: Mapping[str, Any] = given[FIELDS]
        values: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            if name in had:
                values[name] = had[name]
            elif field.is_required():
                msg = f"{cls.__qualname__}.{name} is missing"
                raise ValueError(msg)
            else:
                values[name] = field.get_default(call_default_factory=True)
        extra: dict[str, Any] | None = given["extra"]
        names = given["given"] & {*values, *(extra or ())}
        state = (values, extra, names, given["private"])
        made = cls.__new__(cls)
        made.__setstate__(dict(zip(_STATE, state, strict=True)))
        return made

    return make
