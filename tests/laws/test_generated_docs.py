"""The generated documentation is up to date, and every operation is described completely."""

import importlib.util
import re
from types import ModuleType

import pytest

from tests.system import ROOT


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_file_is_fresh(generator: ModuleType) -> None:
    stale = [path.name for path, text in generator.files().items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run `make generate`"


def test_every_operation_has_a_name_a_description_and_examples_of_its_problems(generator: ModuleType) -> None:
    names: list[str] = []
    for service, document in generator.documents().items():
        for operation in generator.operations(document):
            where = f"{service} {operation['method']} {operation['path']}"
            assert operation.get("description"), where
            names.append(operation["operationId"])
            made_up = operation["path"].strip("/").replace("/", "_").replace("{", "_").replace("}", "_")
            assert made_up not in operation["operationId"], f"{where}: give it an operation_id"
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    examples = answer["content"]["application/problem+json"]["examples"]
                    assert examples, f"{where} {status}"
                if status in {"429", "503"}:
                    assert "Retry-After" in answer.get("headers", {}), f"{where} {status}"
    assert len(names) == len(set(names)), "operation ids are unique among all services"


def test_the_page_shows_code_as_code_and_names_on_one_line(generator: ModuleType) -> None:
    page = generator.page(generator.documents())
    assert "`" not in page
    assert "<code>If-Match</code>" in page
    assert '<td class="name"><code>Idempotency-Key</code>' in page
    assert '<td class="name">header</td>' in page
    style = (ROOT / "clients/web/public/api-reference.css").read_text()
    assert re.search(r"\.name \{\s+white-space: nowrap;", style)
    assert str(generator.prose("`<b>` & `x`")) == "<code>&lt;b&gt;</code> &amp; <code>x</code>"


def test_the_page_runs_no_script_and_loads_nothing_from_other_origins(generator: ModuleType) -> None:
    page = generator.page(generator.documents())
    for forbidden in ("<script", "style=", "http://", "https://", "onclick"):
        assert forbidden not in page, forbidden
