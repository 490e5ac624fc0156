"""A contract type for import-linter: a package may import only what is listed (the standard library aside)."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class AllowOnlyContract(Contract):
    """`source` (a package) imports nothing but itself, the standard library and `allowed`."""

    type_name = "allow_only"
    source: Any = fields.StringField()
    allowed: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001  # the base's signature
        source, allowed = str(self.source), {str(self.source), *self.allowed}
        found = sorted(
            f"{module} imports {target}"
            for module in {source, *graph.find_descendants(source)}
            for target in graph.find_modules_directly_imported_by(module)
            if (top := target.split(".")[0]) not in allowed and top not in sys.stdlib_module_names
        )
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["found"]:
            output.print_error(line)
