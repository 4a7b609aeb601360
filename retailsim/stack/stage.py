"""The interface every stage of the stack implements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from retailsim.messages.base import Message
from retailsim.store.plan import StorePlan

Precision = Literal["fp32", "int8", "auto"]


@dataclass(frozen=True)
class StageContext:
    """What a stage may know besides its parameters.

    Attributes:
        plan: the shop as installed (for imported footage: the bare list of cameras).
        device: 'cpu' or 'cuda'.
        precision: 'fp32'; or 'auto' for what is fast: half on CUDA, bf16 on a CPU that multiplies
            matrices of it, else int8 on one that has sums of it where a network has an int8
            twin; or 'int8' for the twins wherever a CPU has such sums, and else as 'auto'.
        options: `threads`, of each network on the CPU, 1 by default; `overhear`, told what networks
            are fed (`runtime.Overhear`); `owner`, of the GPU if it is not this process
            (`resident.Owner`); else free for tests.
    """

    plan: StorePlan
    device: Literal["cpu", "cuda"] = "cpu"
    precision: Precision = "fp32"
    options: dict[str, Any] = field(default_factory=dict)


class Stage:
    """One station of the stack: consumes messages of `inputs`, emits messages of `outputs`.

    Subclasses are made as `cls(context, **parameters)` with keyword-only parameters from the
    stack YAML. All state lives in the instance. The engine calls `process` for every message of
    a declared input type in order of time, `advance` once after each capture tick with the
    watermark (no message older than it will follow), and `finish` once at the end. A stage that
    names a type among its inputs sees what stages before it emitted in the same tick.

    Attributes:
        inputs, outputs: the message types it reads, and those it may say.
        on_device: whether it computes on the context's device; where that is a GPU, such stages
            share a process, for one process should own it.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = ()
    outputs: ClassVar[tuple[type[Message], ...]] = ()
    on_device: ClassVar[bool] = False

    def __init__(self, context: StageContext) -> None:
        self.context = context

    def process(self, message: Message) -> Iterable[Message]:
        """Take one message; return what follows from it."""
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Take notice that everything before `watermark_ns` has been seen."""
        return ()

    def finish(self) -> Iterable[Message]:
        """Return what is left to say at the end of the session."""
        return ()

    def warnings(self) -> Iterable[str]:
        """Return, after `finish`, what the user should know about the input; in no digest."""
        return ()
