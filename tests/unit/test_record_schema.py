"""The JSON of a run is as its schema says, and the schema in the documentation is the program's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from forecast.record_schema import SCHEMA, Run, schema
from forecast.result import Forecast
from tests.forecasts import in_districts, kazakhstan
from tests.made import made_forecast
from tests.nights import of_a_night

FILE = Path(__file__).parents[2] / "docs" / f"{SCHEMA}.schema.json"


@pytest.fixture(scope="module")
def forecasts(tmp_path_factory: pytest.TempPathFactory) -> list[Forecast]:
    made = made_forecast(tmp_path_factory.mktemp("made"), 5, draws=500)
    return [kazakhstan(), kazakhstan(50), in_districts(), made, of_a_night()]


def test_every_record_is_as_the_schema_says(forecasts: list[Forecast]) -> None:
    for forecast in forecasts:
        record = json.loads(json.dumps(forecast.record()))
        Run.model_validate(record)
        assert [party["name"] for party in record["parties"]] == forecast.names("party_name")
        assert set(record) <= set(schema()["properties"])


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", "forecast-run-0"), ("draws", "many"), ("void", {"probability": 2.0, "mc_error": 0.0})],
)
def test_what_is_not_as_the_schema_says_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Run.model_validate(json.loads(json.dumps(kazakhstan().record())) | {key: value})


def test_the_schema_of_the_documentation_is_that_of_the_program() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == schema()
