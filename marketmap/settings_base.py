"""What all settings have in common: they are strict, frozen, and may gain new ones later.

A map is known by its settings' digest, so a setting that comes later must not change that of maps
that were made before: it is declared with :func:`later`.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class _Neutral:
    """The value of a setting that maps had before there was such a setting."""

    value: object


STORED = {"stored": True}
"""The context in which settings are read back that a map was made with."""


def later(default: Any, *, neutral: Any, **limits: Any) -> Any:
    """Declare a setting that came after maps had been stored without it.

    Parameters
    ----------
    default : object
        Its value where config.yaml does not name it.
    neutral : object
        The value that says what maps did before. While it has this value, JSON and digest leave it
        out; and it has this value, not the default, in stored settings that lack it.
    **limits
        As of pydantic's ``Field``.
    """
    field: FieldInfo = Field(default, exclude_if=lambda value: value == neutral, **limits)
    field.metadata.append(_Neutral(neutral))
    return field


class Settings(BaseModel):
    """Base of all settings: frozen, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _did_before_what_it_does_not_name(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context != STORED or not isinstance(data, dict):
            return data
        return {
            **{
                name: mark.value
                for name, field in cls.model_fields.items()
                for mark in field.metadata
                if isinstance(mark, _Neutral)
            },
            **data,
        }
