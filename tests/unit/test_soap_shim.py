"""The shim that makes spyne importable, on every Python this product runs on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapters.soap.spyne_shim import load_spyne, modernise

ROOT = Path(__file__).resolve().parents[2]
# Our shim, then one call through spyne: what it patches must also work, not only import.
PROGRAM = """
from adapters.soap.spyne_shim import load_spyne
load_spyne()
from spyne.util.six.moves.urllib.parse import urlparse
from spyne.util.six.moves import range as moved
assert urlparse("http://a/b").path == "/b" and list(moved(2)) == [0, 1]
from lxml import etree
from adapters.soap.contract import load_contract
from adapters.soap.dispatch import Call, Dispatcher
contract = load_contract()
element = etree.Element(contract.operations[1].request)
call = Call(element, element.tag, lambda operation: operation.name, lambda result, _: result.encode())
for version in ("1.1", "1.2"):
    assert Dispatcher(contract).dispatch(version, call) == contract.operations[1].name.encode()
print("works")
"""


def run(python: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [python, "-W", "error", "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_spyne_works_here_and_warns_of_nothing() -> None:
    done = run(sys.executable)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "works\n"


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_spyne_works_on_newer_pythons(version: str) -> None:
    python = os.environ.get(f"INGE_PYTHON_{version.replace('.', '')}") or shutil.which(f"python{version}")
    if python is None:
        pytest.skip(f"no python{version} on this machine")
    probe = subprocess.run(
        [python, "-c", "import lxml.etree, importlib.util as u; assert u.find_spec('spyne')"],
        capture_output=True,
        text=True,
    )
    if probe.returncode != 0:
        pytest.skip(
            f"python{version} is here, but without lxml and spyne (INGE_PYTHON_{version.replace('.', '')})"
        )
    done = run(python)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "works\n"


class _OldImporter:
    """The importer of the vendored six, reduced to what the shim relies on."""

    def __init__(self) -> None:
        self.module = ModuleType("old.moves")
        self.known_modules = {"old.moves": self.module}

    def is_package(self, fullname: str) -> bool:
        return fullname == "old.moves"

    def load_module(self, fullname: str) -> ModuleType:
        return self.known_modules[fullname]


def test_modernise_gives_the_hooks_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    six = ModuleType("six")
    importer: Any = _OldImporter()
    six.__dict__["_importer"] = importer
    modernise(six)
    modernise(six)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, importer])
    monkeypatch.delitem(sys.modules, "old.moves", raising=False)
    assert importer.find_spec("nothing.else") is None
    spec = importer.find_spec("old.moves")
    assert spec.submodule_search_locations == []
    assert spec.loader.create_module(spec) is importer.module
    assert spec.loader.exec_module(importer.module) is None


def test_loading_twice_gives_the_same_module() -> None:
    assert load_spyne() is load_spyne()
