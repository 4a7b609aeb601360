"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

PrecisionOption = Annotated[
    Literal["fp32", "int8", "auto"] | None,
    typer.Option(help="fp32, int8, or auto for what is fast here. Default: the stack's."),
]
DeviceOption = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where networks run.")]
StallOption = Annotated[
    float,
    typer.Option(min=1, help="Seconds without progress after which a stage counts as stuck."),
]
