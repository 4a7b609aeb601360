"""Which implementation serves each role: the stack description.

    base: default                 # start from the shipped stack (optional)
    precision: fp32               # default: auto, half, bf16 or int8 where that is fast
    stages:
      detect: {with: {threshold: 0.6}}             # change a parameter
      track: {uses: "my_tracker:MyTracker"}        # bring your own class
      recommend: null                              # leave a role out
      floor: {process: crops}                      # where it runs when stages run side by side

Roles are open: any name serves, what a stage reads and says decides where it runs. `uses` is
module:Class, the name of a ready-made adapter (`READY_MADE`) or of an installed package's entry
point. Modules may lie beside the stack file or in the working folder; those come after everything
that is installed, so that a file called `random.py` there does no harm. Files of models are looked
for from the stack file's folder first.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from retailsim.errors import RetailError, StageError, first_line
from retailsim.resources import find
from retailsim.stack.stage import Precision, Stage, StageContext
from retailsim.store.load import load_model
from retailsim.store.plan import PlanModel

_HERE = Path(__file__).resolve().parent
DEFAULT_STACK = _HERE / "default.yaml"
BASELINES = _HERE / "baselines.yaml"
ENTRY_POINT_GROUP = "retailsim.stages"
READY_MADE = {
    "onnx-detector": "retailsim.stack.detect.onnx_detector:OnnxDetector",
    "onnx-embedder": "retailsim.stack.reid.onnx_embedder:OnnxEmbedder",
}


class StageSpec(PlanModel):
    """One role: the class that serves it and its parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    uses: str | None = Field(
        default=None,
        description="module:Class, onnx-detector, onnx-embedder, or an entry point's name in "
        "retailsim.stages",
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
        folder = find(path).resolve().parent
        _find_classes_in(folder, Path.cwd())
        _check_not_hidden(spec, folder, path)
        spec = _with_models_from(folder, spec)
    if spec.base == "default":
        base = load_model(StackSpec, DEFAULT_STACK)
        spec = spec.model_copy(update={"stages": _overlay(base.stages, spec.stages)})
    stages = {role: stage for role, stage in spec.stages.items() if stage is not None}
    for role, stage in stages.items():
        if stage.uses is None:
            raise StageError(f"{path}: stage '{role}' names no class; add uses: module:Class")
    return spec.model_copy(update={"base": None, "stages": stages})


def _find_classes_in(*folders: Path) -> None:
    """Let stack files name classes of modules in these folders, after all installed ones."""
    sys.path += [text for text in map(str, folders) if text not in sys.path]


def _check_not_hidden(spec: StackSpec, folder: Path, path: str | Path) -> None:
    """Refuse a module beside the stack file that is not the one that Python would take."""
    for role, stage in spec.stages.items():
        name, colon, _ = ((stage and stage.uses) or "").partition(":")
        top = name.split(".")[0]
        places = (folder / top / "__init__.py", folder / f"{top}.py")
        beside = next((file for file in places if file.exists()), None)
        if not colon or beside is None or top == "retailsim":
            continue
        taken = _origin(top)
        if taken is not None and taken.resolve() != beside:
            raise StageError(
                f"{path}: stage '{role}': {beside} is hidden by {taken}; give the module a name "
                "of its own"
            )


def _origin(module: str) -> Path | None:
    """Return the file of a top-level module, loaded or to be loaded; None where it has none."""
    try:
        loaded = sys.modules.get(module)
        found = loaded.__spec__ if loaded else importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    if found is not None and found.origin in ("built-in", "frozen"):
        return Path(f"{found.origin} {module}")
    return Path(found.origin) if found is not None and found.origin else None


def _with_models_from(folder: Path, spec: StackSpec) -> StackSpec:
    """Name model files and folders that are there, seen from the stack file, by their full path.

    A bare name without a suffix is a shipped model's.
    """

    def settled(stage: StageSpec | None) -> StageSpec | None:
        model = stage.parameters.get("model") if stage else None
        if stage is None or not isinstance(model, str) or not Path(model).name:
            return stage
        path = Path(model)
        if (len(path.parts) == 1 and not path.suffix) or not (folder / path).exists():
            return stage
        here = stage.parameters | {"model": os.path.abspath(folder / path)}
        return stage.model_copy(update={"parameters": here})

    stages = {role: settled(stage) for role, stage in spec.stages.items()}
    return spec.model_copy(update={"stages": stages})


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
        text = first_line(error).replace(f"{kind.__name__}.__init__() ", "")
        raise StageError(f"stage '{role}' ({spec.uses}): {text}") from error
    except RetailError as error:
        if isinstance(error, StageError) and f"'{role}'" not in str(error):
            raise StageError(f"stage '{role}' ({spec.uses}): {error}") from error
        raise
    except Exception as error:  # a user's class may raise anything
        raise StageError(f"stage '{role}' ({spec.uses}): {_fault(error)}") from error


def find_class(role: str, uses: str) -> type[Stage]:
    """Return the class that is to serve a role; raises StageError when it cannot be found."""
    place = READY_MADE.get(uses, uses) if ":" not in uses else uses
    module_name, _, class_name = (place if ":" in place else _installed(role, uses)).partition(":")
    try:
        kind: Any = importlib.import_module(module_name)
        for part in class_name.split("."):
            kind = getattr(kind, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise StageError(f"stage '{role}': cannot import {uses}: {first_line(error)}") from error
    except Exception as error:  # a user's module may raise anything while it is read
        raise StageError(f"stage '{role}': cannot import {uses}: {_fault(error)}") from error
    if not (isinstance(kind, type) and issubclass(kind, Stage)):
        raise StageError(f"stage '{role}': {uses} is not a subclass of retailsim's Stage")
    return kind


def _installed(role: str, name: str) -> str:
    """Return the module:Class that an installed package offers by a name."""
    found = {f"{p.module}:{p.attr}" for p in entry_points(group=ENTRY_POINT_GROUP, name=name)}
    if not found:
        raise StageError(
            f"stage '{role}': '{name}' is neither module:Class nor one of "
            f"{', '.join(READY_MADE)} and the installed entry points in {ENTRY_POINT_GROUP}"
        )
    if len(found) > 1:
        raise StageError(
            f"stage '{role}': installed packages mean different things by '{name}': "
            f"{', '.join(sorted(found))}; name the one to take"
        )
    return found.pop()


def _fault(error: Exception) -> str:
    """Say in one line what is wrong with a module, and where."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}: {type(error).__name__}: {first_line(error)}"
