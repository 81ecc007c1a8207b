"""Kinds of import contract that tolerate packages that do not exist yet.

`reserved`: only the named importers may import some packages directly, our own
or third-party ones. `unreachable`: no chain of imports leads from some modules
to a package, either. `siblings`: the modules of a package do not import one
another, except those that are named as shared.
"""

from __future__ import annotations

from typing import Any

from grimp import ImportGraph
from importlinter.application import output
from importlinter.domain import fields
from importlinter.domain.contract import Contract, ContractCheck


def _is_within(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
    details = graph.get_import_details(importer=importer, imported=imported)
    return ", ".join(str(detail["line_number"]) for detail in details)


class _DirectImports(Contract):
    """A contract about single import statements; a violation is one line each."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        violations = [
            f"{importer} imports {imported} (line {_lines(graph, importer, imported)})"
            for importer in sorted(graph.modules)
            for imported in sorted(self._refused(graph, importer))
        ]
        return ContractCheck(kept=not violations, metadata={"violations": violations})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for violation in check.metadata["violations"]:
            output.print_error(f"- {violation}", bold=False)
        output.new_line()

    def _refused(self, graph: ImportGraph, importer: str) -> set[str]:
        raise AssertionError("each kind of contract says which imports it refuses")


class Reserved(_DirectImports):
    """Only `importers` (and the packages themselves) import from `packages`."""

    packages: Any = fields.ListField(subfield=fields.StringField())
    importers: Any = fields.ListField(subfield=fields.StringField())

    def _refused(self, graph: ImportGraph, importer: str) -> set[str]:
        if _is_within(importer, [*self.importers, *self.packages]):
            return set()
        imported = graph.find_modules_directly_imported_by(importer)
        return {module for module in imported if _is_within(module, self.packages)}


class Unreachable(_DirectImports):
    """No chain of imports leads from `sources` to `packages`, except through `exempt`."""

    sources: Any = fields.ListField(subfield=fields.StringField())
    packages: Any = fields.ListField(subfield=fields.StringField())
    exempt: Any = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def _refused(self, graph: ImportGraph, importer: str) -> set[str]:
        if not _is_within(importer, self.sources) or _is_within(importer, self.exempt):
            return set()
        imported = graph.find_modules_directly_imported_by(importer)
        return {module for module in imported if self._leads_there(graph, module)}

    def _leads_there(self, graph: ImportGraph, start: str) -> bool:
        seen, waiting = set(), [start]
        while waiting:
            module = waiting.pop()
            if _is_within(module, self.packages):
                return True
            if module not in seen and not _is_within(module, self.exempt):
                seen.add(module)
                waiting += graph.find_modules_directly_imported_by(module)
        return False


class Siblings(_DirectImports):
    """Children of one of `packages` import each other only where one of the two is in `shared`."""

    packages: Any = fields.ListField(subfield=fields.StringField())
    shared: Any = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def _refused(self, graph: ImportGraph, importer: str) -> set[str]:
        return {
            imported
            for imported in graph.find_modules_directly_imported_by(importer)
            if self._are_strangers(importer, imported)
        }

    def _are_strangers(self, importer: str, imported: str) -> bool:
        if _is_within(importer, self.shared) or _is_within(imported, self.shared):
            return False
        for package in self.packages:
            one, other = self._child(importer, package), self._child(imported, package)
            if one and other and one != other:
                return True
        return False

    @staticmethod
    def _child(module: str, package: str) -> str:
        """Name the child of the package that the module is or belongs to; empty outside of it."""
        prefix = f"{package}."
        return module.removeprefix(prefix).partition(".")[0] if module.startswith(prefix) else ""
