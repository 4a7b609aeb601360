"""Reading plans from YAML, with errors that name file, line and field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from retailsim.errors import ScenarioError
from retailsim.resources import find
from retailsim.store.checks import problems
from retailsim.store.plan import StorePlan

MAX_YAML_BYTES = 4_000_000
M = TypeVar("M", bound=BaseModel)


def load_plan(path: str | Path) -> StorePlan:
    """Read a store plan; raises ScenarioError."""
    return load_model(StorePlan, path)


def load_shop(path: str | Path) -> StorePlan:
    """Read a plan to play scenarios in; raises ScenarioError where no such shop can be.

    The error names file, line and object; see `retailsim.store.checks`.
    """
    text = read_text(path)
    plan = parse_plan(text, origin=str(path))
    for problem in problems(plan):
        tree = yaml.compose(text, Loader=_SAFE_LOADER)
        line = _line_of(tree, [problem.field, problem.index])
        raise ScenarioError(f"{path}:{line}: {problem.text}")
    return plan


def parse_plan(text: str, *, origin: str) -> StorePlan:
    """Parse a store plan from YAML text; `origin` names it in errors."""
    return parse_model(StorePlan, text, origin=origin)


def dump_plan(plan: StorePlan) -> str:
    """Return the plan as YAML text that `parse_plan` reads back equal."""
    return yaml.safe_dump(plan.model_dump(mode="json", exclude_none=True), sort_keys=False)


def load_model(model: type[M], path: str | Path) -> M:
    """Read one YAML file into a pydantic model; raises ScenarioError."""
    return parse_model(model, read_text(path), origin=str(path))


def read_text(path: str | Path) -> str:
    """Read a YAML file of bounded size as text; raises ScenarioError."""
    file = find(path)
    try:
        if file.stat().st_size > MAX_YAML_BYTES:
            raise ScenarioError(f"{path}: larger than {MAX_YAML_BYTES // 10**6} MB, not a plan")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: not a text file (byte {error.start} is not UTF-8)") from error


def parse_model(model: type[M], text: str, *, origin: str) -> M:
    """Parse YAML text into a pydantic model; raises ScenarioError."""
    try:
        data = yaml.load(text, Loader=_SAFE_LOADER)
        tree = yaml.compose(text, Loader=_SAFE_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"{origin}:{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{origin}: not valid YAML: {error}".splitlines()[0]) from error
    if not isinstance(data, Mapping):
        raise ScenarioError(f"{origin}: expected a mapping of fields, found nothing of the kind")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(_first_line(error, tree, origin)) from error


def line_in(path: str | Path, place: list[str | int]) -> int:
    """Return the 1-based line of the deepest part of `place` that a YAML file really has.

    Raises ScenarioError when it cannot be read.
    """
    return _line_of(yaml.compose(read_text(path), Loader=_SAFE_LOADER), place)


def _first_line(error: ValidationError, tree: yaml.Node | None, origin: str) -> str:
    errors = error.errors()
    # A misspelt field is also a missing one; what was written tells more than what was not.
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    place = [part for part in first["loc"] if isinstance(part, str | int)]
    name = ".".join(str(part) for part in place) or "the whole file"
    text = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        text = "no such field; check its spelling"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{origin}:{_line_of(tree, place)}: {name}: {text}{more}"


def _line_of(node: yaml.Node | None, place: list[str | int]) -> int:
    """Return the 1-based line of the deepest part of `place` that the file really has."""
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pairs = [(k, v) for k, v in node.value if k.value == str(part)]
            if not pairs:
                return line
            key, node = pairs[0]
            line = key.start_mark.line + 1
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


_SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
