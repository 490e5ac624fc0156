"""The ports in the operations guide are those that `make run` uses by default."""

import re

import yaml

from pulse_standalone.ports import service_ports
from pulse_standalone.settings import Settings
from pulse_testkit.plugin import REPOSITORY

GUIDE = (REPOSITORY / "docs/guides/operations.md").read_text()


def default_ports() -> dict[str, int]:
    base = Settings.model_fields["service_port_base"].default
    return service_ports(base, gateways=1)


def test_the_scrape_targets_of_the_guide_are_the_default_ports() -> None:
    example = re.search(r"^```yaml\n(scrape_configs:.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert example
    (job,) = yaml.safe_load(example[1])["scrape_configs"]
    found = {entry["labels"]["service"]: entry["targets"] for entry in job["static_configs"]}
    assert found == {name: [f"127.0.0.1:{port}"] for name, port in default_ports().items()}


def test_the_table_of_the_guide_has_the_default_ports() -> None:
    for name, port in default_ports().items():
        assert re.search(rf"^\| {name}\b[^|]*\| {port}\b", GUIDE, re.MULTILINE), name
