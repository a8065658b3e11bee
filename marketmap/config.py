"""config.yaml, read and checked: the maps by name, and where what the program makes is kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from marketmap.errors import ConfigError
from marketmap.settings import (
    FetchSettings,
    KeepSettings,
    MapSettings,
    ScheduleSettings,
)
from marketmap.settings_base import Settings

S = TypeVar("S", bound=Settings)

MAP_NAME = r"^[a-z][a-z0-9_-]{0,39}$"


class Config(Settings):
    """What a person said in config.yaml.

    Attributes
    ----------
    file : Path
        Where it stands, for messages.
    folder : Path
        The file's folder, from which relative paths are taken.
    maps : dict of str to MapSettings
        By name, in the file's order; the first is the default.
    data_dir : Path
        Where the database, its published copy and the reports are kept.

    Examples
    --------
    >>> demo = MapSettings.model_validate({"source": {"kind": "simulated"}})
    >>> Config(maps={"demo": demo}).default_map
    'demo'
    """

    file: Path = Path("config.yaml")
    folder: Path = Path()
    maps: dict[str, MapSettings] = Field(min_length=1)
    data_dir: Path = Path("data")
    fetch: FetchSettings = FetchSettings()
    keep: KeepSettings = KeepSettings()
    schedule: ScheduleSettings = ScheduleSettings()

    @field_validator("maps")
    @classmethod
    def _names_are_plain(cls, maps: dict[str, MapSettings]) -> dict[str, MapSettings]:
        for name in maps:
            if not re.match(MAP_NAME, name):
                raise ValueError(
                    f"map name {name!r} must be lower-case letters, digits, - or _, "
                    "start with a letter and have at most 40 characters"
                )
        return maps

    @model_validator(mode="after")
    def _scheduled_maps_exist(self) -> "Config":
        for name in self.schedule.maps or ():
            if name not in self.maps:
                raise ValueError(f"schedule.maps names {name!r}, which maps does not list")
        return self

    @property
    def default_map(self) -> str:
        """The first map of the file."""
        return next(iter(self.maps))

    @property
    def scheduled_maps(self) -> tuple[str, ...]:
        """The maps that are made every day."""
        return self.schedule.maps or (self.default_map,)

    def map_settings(self, name: str) -> MapSettings:
        """Return the settings of a map, or raise a ConfigError that lists the known ones."""
        if name not in self.maps:
            raise ConfigError(f"no map {name!r} in {self.file}; it has: {', '.join(self.maps)}")
        return self.maps[name]

    @property
    def database(self) -> Path:
        """The working database; only the flows open it."""
        return self.data_dir / "marketmap.duckdb"

    @property
    def published(self) -> Path:
        """The copy that people query; replaced as a whole after each run."""
        return self.data_dir / "published" / "marketmap.duckdb"

    @property
    def archive(self) -> Path:
        """Where the bodies lie that sources answered with."""
        return self.data_dir / "archive"

    def report(self, map_name: str, as_of: str) -> Path:
        """Return where the report of a map's day is written."""
        return self.data_dir / "reports" / map_name / f"{as_of}.html"


def load_config(path: Path | str) -> Config:
    """Read config.yaml.

    Relative paths in it are taken from the file's own folder. The ``defaults`` block is laid under
    every map, key by key, so that a map only says where it differs.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, or a key is unknown, missing or out of bounds; the
        message names the key.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "config.yaml"
    ...     _ = path.write_text("maps: {demo: {source: {kind: simulated}}}")
    ...     load_config(path).map_settings("demo").window_days
    365
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; expected a YAML file") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); expected a config.yaml, "
            "in the current folder or where --config says"
        ) from None
    try:
        content = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, ValueError) as error:  # ValueError: such as a 30th of February
        raise ConfigError(f"{path}: not valid YAML: {_yaml_problem(error)}") from None
    if content is None:
        raise ConfigError(f"{path}: the file is empty, expected keys such as maps")
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected keys such as maps, found {type(content).__name__}")
    written = _Written(yaml.compose(text, Loader=yaml.SafeLoader))
    return parse_config(content, folder=path.parent, origin=str(path), written=written)


@dataclass(frozen=True)
class _Written:
    """What stands in a file of YAML: NO and 0700, where a reader gets False and 448."""

    root: yaml.Node | None = None

    def at(self, where: str) -> str | None:
        """Return what stands at a key such as ``maps.stocks.universe.excluded_assets.0``."""
        node = self.root
        for part in where.split("."):
            if isinstance(node, yaml.MappingNode):
                node = next((value for key, value in node.value if key.value == part), None)
            elif isinstance(node, yaml.SequenceNode) and part.isdecimal():
                node = node.value[int(part)]
            else:
                return None
        return node.value if isinstance(node, yaml.ScalarNode) else None


_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


class _UniqueKeys(yaml.SafeLoader):
    """Refuses keys that YAML libraries would misread: twice there, or no text, such as NO."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag not in (_TEXT, _MERGE):
                raise yaml.MarkedYAMLError(
                    problem=f"YAML reads the key {key.value} as something else than text; "
                    f'expected "{key.value}", in quotes',
                    problem_mark=key.start_mark,
                )
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} is there twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


def _yaml_problem(error: Exception) -> str:
    """Say what is wrong and where, without YAML's own excerpt of several lines."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(error, 'problem', '')}"


def parse_config(
    content: Mapping[str, Any], *, folder: Path, origin: str, written: _Written | None = None
) -> Config:
    """Check the content of a config.yaml; see :func:`load_config`."""
    given, content = content, dict(content)
    for key in ("file", "folder"):
        if key in content:
            raise ConfigError(f"{origin}: unknown key {key!r}")
    defaults = content.pop("defaults", None) or {}
    if not isinstance(defaults, dict):
        raise ConfigError(f"{origin}: defaults: expected keys and values, got {defaults!r}")
    maps = content.get("maps")
    if isinstance(maps, dict):
        content["maps"] = {
            name: _merge(defaults, own) if isinstance(own, dict) else own
            for name, own in maps.items()
        }
    try:
        config = Config.model_validate(content)
    except ValidationError as error:
        raise ConfigError(
            f"{origin}: {_first_problem(error, given, written or _Written())}"
        ) from None
    return config.model_copy(
        update={"file": Path(origin), "folder": folder, "data_dir": folder / config.data_dir}
    )


def read_settings(given: Any, kind: type[S], what: str = "settings") -> S:
    """Return settings that were given as such, as a dict of keys and values, or not at all.

    Raises
    ------
    ConfigError
        They are of another kind, or a key or value is wrong.
    """
    if isinstance(given, kind):
        return given
    if given is not None and not isinstance(given, Mapping):
        parts = dict(given) if isinstance(given, Settings) else {}
        part = next((name for name, value in parts.items() if isinstance(value, kind)), None)
        write = f"{what}.{part}" if part else f"marketmap.{kind.__name__}(...) or a dict"
        raise ConfigError(
            f"{what}: expected {kind.__name__}, got {type(given).__name__}; write {write}"
        )
    content = dict(given or {})
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{what}: {_first_problem(error, content, _Written())}") from None


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


_KINDS = ("coinmarketcap", "ccxt", "files", "simulated")
_ONE_OF_KINDS = f"{', '.join(_KINDS[:-1])} or {_KINDS[-1]}"
_TYPES_IN_PLACE = re.compile(r"constrained-|tuple\[|literal\[|float$|int$|function-|none$")
_TEXTS = {"string_type", "path_type"}
_WORDS = {
    "tuple_type": "expected a list, such as [A, B]",
    "missing": "is missing",
    "dict_type": "expected keys and values",
    "model_type": "expected keys and values",
    "model_attributes_type": "expected keys and values",
    "too_short": "expected at least one",
    "union_tag_not_found": f"kind is missing; expected {_ONE_OF_KINDS}",
}


def _first_problem(error: ValidationError, given: Mapping[str, Any], written: _Written) -> str:
    """Say in plain words what is wrong with one key; the others are told when it is put right."""
    problems = error.errors(include_url=False)
    where = _key(problems[0])
    # A value may be of several types; then each type tells why it is not it.
    same = [p for p in problems if _key(p) == where or _key(p).startswith(f"{where}.")]
    deepest = max(len(_key(problem)) for problem in same)
    same = [problem for problem in same if len(_key(problem)) == deepest]
    where = _as_given(_key(same[0]), given)
    if same[0]["type"] == "extra_forbidden":
        key = where.rpartition(".")[2]
        close = get_close_matches(key, _known_keys(), n=1)
        places = _places(key)
        if places:
            return f"unknown key {where!r}; it is a key of {' or of '.join(places)}"
        meant = f"; did you mean {close[0]}?" if close and close[0] != key else ""
        return f"unknown key {where!r}{meant}"
    value = same[0].get("input")
    text = written.at(where)
    if text and not isinstance(value, str) and _TEXTS & {p["type"] for p in same}:
        return f'{where}: YAML reads {text} as {value}; expected text in quotes: "{text}"'
    whys = dict.fromkeys(map(_why, same))
    got = f", got {value!r}" if isinstance(value, (str, int, float, bool)) else ""
    return f"{where}: {' or: '.join(whys)}{got}".removeprefix(": ")


def _why(problem: ErrorDetails) -> str:
    if problem["type"] == "union_tag_invalid":
        return f"kind must be {_ONE_OF_KINDS}, got {problem['ctx']['tag']!r}"
    said = problem["msg"].removeprefix("Value error, ")
    said = re.sub("^Input should be (?=greater|less)", "expected a number ", said)
    return _WORDS.get(problem["type"]) or re.sub("^Input should (be )?", "expected ", said)


def _as_given(where: str, given: Mapping[str, Any]) -> str:
    """Return the key under ``defaults`` if a map has its value from there."""
    start, *rest = where.split(".")
    if start != "maps" or len(rest) < 2:
        return where
    name, *keys = rest
    own, defaults = given["maps"].get(name), given.get("defaults")
    is_default = not _holds(own, keys) and _holds(defaults, keys)
    return ".".join(["defaults", *keys]) if is_default else where


def _holds(settings: Any, keys: list[str]) -> bool:
    """Return whether some settings give a value for a key, which may lie deep."""
    if not keys or not isinstance(settings, dict):
        return settings is not None
    return keys[0] in settings and _holds(settings[keys[0]], keys[1:])


def _key(problem: ErrorDetails) -> str:
    """Return the key as config.yaml has it, without the names of types that pydantic adds."""
    parts = [str(part) for part in problem["loc"]]
    kept = [
        part
        for before, part in zip(["", *parts], parts, strict=False)
        if not (before == "source" and part in _KINDS) and not _TYPES_IN_PLACE.match(part)
    ]
    return ".".join(kept)


def _places(key: str) -> list[str]:
    """Return the parts of the settings that have a key, such as ``graph``."""
    parts = {
        name: field.annotation
        for model in Settings.__subclasses__()
        for name, field in model.model_fields.items()
    }
    return [
        name
        for name, kind in parts.items()
        if isinstance(kind, type) and issubclass(kind, Settings) and key in kind.model_fields
    ]


def _known_keys() -> list[str]:
    return [key for model in Settings.__subclasses__() for key in model.model_fields]
