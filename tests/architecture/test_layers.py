"""The import contracts of `pyproject.toml` hold, and our own two kinds of contract catch what they are for."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from grimp import ImportGraph

from tests.architecture.contracts import Reserved, Siblings, Unreachable
from tests.architecture.product import ROOT


def _graph(*imports: tuple[str, str]) -> ImportGraph:
    graph = ImportGraph()
    for importer, imported in imports:
        graph.add_module(importer)
        graph.add_module(imported)
        graph.add_import(importer=importer, imported=imported, line_number=1, line_contents="")
    return graph


def _violations(kind: type[Reserved | Siblings | Unreachable], graph: ImportGraph, **options: Any) -> list[str]:
    contract = kind("sample", {}, options)
    found: list[str] = contract.check(graph, verbose=False).metadata["violations"]
    return found


def test_the_contracts_of_the_project_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    run = subprocess.run([*command, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_reserved_package_is_refused_to_strangers() -> None:
    graph = _graph(("product.rules", "flask"), ("product.web", "flask"))
    found = _violations(Reserved, graph, packages=["flask"], importers=["product.web"])
    assert found == ["product.rules imports flask (line 1)"]


def test_a_reserved_package_is_free_to_modules_inside_an_importer_and_inside_itself() -> None:
    graph = _graph(("product.web.pages", "product.storage"), ("product.storage.rows", "product.storage.columns"))
    assert _violations(Reserved, graph, packages=["product.storage"], importers=["product.web"]) == []


def test_a_package_whose_name_only_begins_alike_is_another_one() -> None:
    graph = _graph(("product.website", "flask"))
    assert _violations(Reserved, graph, packages=["flask"], importers=["product.web"])


def test_a_package_is_not_reached_through_others_either() -> None:
    graph = _graph(("product.rules", "product.glue"), ("product.glue", "flask"), ("product.web", "flask"))
    found = _violations(Unreachable, graph, sources=["product.rules"], packages=["flask"])
    assert found == ["product.rules imports product.glue (line 1)"]


def test_a_chain_through_an_exempt_module_counts_for_nothing() -> None:
    graph = _graph(("product.rules", "product.storage"), ("product.storage", "flask"))
    options = {"sources": ["product.rules"], "packages": ["flask"], "exempt": ["product.storage"]}
    assert _violations(Unreachable, graph, **options) == []


def test_siblings_are_refused_each_other() -> None:
    graph = _graph(("product.grants.code", "product.grants.refresh.rows"))
    assert _violations(Siblings, graph, packages=["product.grants"])


def test_siblings_may_share_what_is_named_as_shared() -> None:
    graph = _graph(("product.grants.code", "product.grants.server"), ("product.grants.server", "product.grants.code"))
    assert _violations(Siblings, graph, packages=["product.grants"], shared=["product.grants.server"]) == []


def test_packages_that_do_not_exist_yet_break_nothing() -> None:
    graph = _graph(("product.a", "product.b"))
    assert _violations(Siblings, graph, packages=["product.grants"]) == []
    assert _violations(Reserved, graph, packages=["authlib"], importers=["product.grants"]) == []
