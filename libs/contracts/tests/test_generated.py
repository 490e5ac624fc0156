"""The generated files are up to date and agree with the models."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from jsonschema import Draft202012Validator

from pulse_contracts.telemetry import ReadingBatch
from pulse_contracts.topics import CATALOGUE


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", Path(__file__).parents[1] / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_file_is_fresh() -> None:
    stale = [path.name for path, text in generator().files().items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run `make generate`"


def test_there_is_no_obsolete_generated_file() -> None:
    module = generator()
    present = {path for path in module.GENERATED.rglob("*") if path.is_file()}
    assert present <= set(module.files())


def test_the_asyncapi_document_has_every_topic_and_valid_schemas() -> None:
    document = yaml.safe_load((generator().GENERATED / "asyncapi.yaml").read_text())
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"pulse/v1/{topic.template}" for topic in CATALOGUE}
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("value", "fits"), [(1, True), (2.5, True), (True, True), ("x", False), (None, False)])
def test_the_schema_of_a_batch_restricts_the_values(value: object, *, fits: bool) -> None:
    document = yaml.safe_load((generator().GENERATED / "asyncapi.yaml").read_text())
    schema = {**document["components"]["schemas"]["ReadingBatch"], "components": document["components"]}
    batch = ReadingBatch(
        epoch=1, ord=1, catalog=1, lo=0, lane="live", sent=0, series=[1], t0=0, dt=[0], x=[0], value=[value]
    )
    problems = list(Draft202012Validator(schema).iter_errors(batch.model_dump(mode="json")))
    assert (problems == []) is fits
