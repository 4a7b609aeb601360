import json

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ("scenario", "arrivals"),
        ("store", "fixtures"),
        ("stack", "stages"),
        ("scorecard", "accuracy"),
    ],
)
def test_schema_describes_the_fields_of_each_kind_of_file(what: str, field: str) -> None:
    outcome = CliRunner().invoke(app, ["schema", what])
    assert outcome.exit_code == 0
    assert field in json.loads(outcome.stdout)["properties"]
