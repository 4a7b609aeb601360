"""`retail schema`: the JSON Schema of the files people write, for editors and validators."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from retailsim import api


def schema_command(
    what: Annotated[
        Literal["scenario", "store", "stack", "scorecard"], typer.Argument(help="Kind of file.")
    ],
) -> None:
    """Print the JSON Schema of scenarios, store plans, stack files or scorecards.

    Examples:

        retail schema scenario > scenario.schema.json

        retail schema store
    """
    typer.echo(json.dumps(api.schema(what), indent=2))
