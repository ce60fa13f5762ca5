"""A contract type for import-linter: packages that may import nothing but what is listed."""

from __future__ import annotations

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class AllowedImportsContract(Contract):
    """The modules of `package` import only each other and the standard library."""

    type_name = "standard_library_only"

    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - import-linter calls it so
        """Every import of anything else."""
        package = str(self.package)
        allowed = {package, *sys.stdlib_module_names}
        violations = [
            f"{module} -> {imported}"
            for module in sorted({package, *graph.find_descendants(package)})
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if imported.partition(".")[0] not in allowed
        ]
        return ContractCheck(kept=not violations, metadata={"violations": violations})

    def render_broken_contract(self, check: ContractCheck) -> Any:
        """Print the violations."""
        for violation in check.metadata["violations"]:
            output.print_error(f"- {violation}")
