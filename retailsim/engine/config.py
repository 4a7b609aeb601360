"""Which implementation serves each role: the stack description.

    base: default                 # start from the shipped stack (optional)
    precision: fp32               # default: auto, bf16 or half where that is fast
    stages:
      detect: {with: {threshold: 0.6}}             # change a parameter
      track: {uses: "my_tracker:MyTracker"}        # bring your own class
      recommend: null                              # leave a role out
      floor: {process: crops}                      # where it runs when stages run side by side

Roles are open: any name serves, what a stage reads and says decides where it runs.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from retailsim.errors import StageError
from retailsim.stack.stage import Precision, Stage, StageContext
from retailsim.store.load import load_model
from retailsim.store.plan import PlanModel

_HERE = Path(__file__).resolve().parent
DEFAULT_STACK = _HERE / "default.yaml"
BASELINES = _HERE / "baselines.yaml"
ENTRY_POINT_GROUP = "retailsim.stages"


class StageSpec(PlanModel):
    """One role: the class that serves it and its parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    uses: str | None = Field(
        default=None, description="module:Class, or an entry point's name in retailsim.stages"
    )
    parameters: dict[str, Any] = Field(default={}, alias="with")
    process: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_-]*$",
        description="stages that name the same process share one when stages run side by side",
    )


class StackSpec(PlanModel):
    """A whole stack as written in YAML."""

    base: Literal["default"] | None = None
    precision: Precision = "auto"
    lateness_s: float = Field(default=0.5, ge=0, le=60)
    stages: dict[str, StageSpec | None]

    def resolved(self) -> dict[str, Any]:
        """Return the stack as plain data for provenance and `stack.yaml`."""
        data = self.model_dump(mode="json", by_alias=True, exclude={"base"})
        for stage in data["stages"].values():  # where a stage runs is said only where it was said
            if stage is not None and stage["process"] is None:
                del stage["process"]
        return data

    def sha256(self) -> str:
        """Return the digest of the resolved stack."""
        text = json.dumps(self.resolved(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class BaselineSpec(PlanModel):
    """Trivial rivals by role; each runs in the shadow of the stack and is scored beside it."""

    roles: dict[str, dict[str, StageSpec]]


def load_stack(path: str | Path | None = None) -> StackSpec:
    """Read a stack YAML and lay it over its base; None gives the shipped stack.

    Raises:
        ScenarioError: the file cannot be read or has wrong fields.
        StageError: a role has no class.
    """
    spec = load_model(StackSpec, path or DEFAULT_STACK)
    if path is not None:
        _find_classes_beside(Path(path))
    if spec.base == "default":
        base = load_model(StackSpec, DEFAULT_STACK)
        spec = spec.model_copy(update={"stages": _overlay(base.stages, spec.stages)})
    stages = {role: stage for role, stage in spec.stages.items() if stage is not None}
    for role, stage in stages.items():
        if stage.uses is None:
            raise StageError(f"{path}: stage '{role}' names no class; add uses: module:Class")
    return spec.model_copy(update={"base": None, "stages": stages})


def _find_classes_beside(path: Path) -> None:
    """Let a stack file name classes of modules in its own folder, after all installed ones."""
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)


def load_baselines() -> BaselineSpec:
    """Read the shipped baselines."""
    return load_model(BaselineSpec, BASELINES)


def _overlay(
    base: dict[str, StageSpec | None], over: dict[str, StageSpec | None]
) -> dict[str, StageSpec | None]:
    merged = dict(base)
    for role, stage in over.items():
        below = base.get(role)
        if stage is not None and stage.uses is None and below is not None:
            parameters = below.parameters | stage.parameters
            process = stage.process or below.process
            stage = below.model_copy(update={"parameters": parameters, "process": process})
        merged[role] = stage
    return merged


def build_stage(role: str, spec: StageSpec, context: StageContext) -> Stage:
    """Make the stage of one role; raises StageError when it cannot be found or made."""
    kind = find_class(role, spec.uses or "")
    try:
        return kind(context, **spec.parameters)
    except TypeError as error:
        text = str(error).replace(f"{kind.__name__}.__init__() ", "")
        raise StageError(f"stage '{role}' ({spec.uses}): {text}") from error


def find_class(role: str, uses: str) -> type[Stage]:
    """Return the class that is to serve a role; raises StageError when it cannot be found."""
    if ":" not in uses:
        found = [point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name == uses]
        if not found:
            raise StageError(
                f"stage '{role}': '{uses}' is neither module:Class nor an installed entry point"
            )
        uses = found[0].value
    module_name, class_name = uses.split(":", 1)
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise StageError(f"stage '{role}': cannot import {uses}: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Stage)):
        raise StageError(f"stage '{role}': {uses} is not a subclass of retailsim's Stage")
    return kind
