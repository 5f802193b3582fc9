"""Makes spyne 2.14 importable: on Python 3.12 and later, and without its warnings on 3.11.

spyne carries its own copy of ``six``, whose importer knows only the hooks that Python 3.12 removed.
The copy cannot be replaced by the published ``six``: it has additions. So it is loaded first, under its
own name, and its importer is given the hooks of today (PEP 451). Everything else of spyne is untouched.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_SIX = "spyne.util.six"
# All of spyne that the door uses, imported while its warnings are kept quiet.
_MODULES = ("spyne", "spyne.server", "spyne.protocol.soap", "spyne.model.complex")


def load_spyne() -> ModuleType:
    """Import spyne and return it; safe to call again.

    Raises ImportError if spyne is not installed (the ``server`` extra).
    """
    if all(name in sys.modules for name in _MODULES):
        return sys.modules["spyne"]
    with warnings.catch_warnings():
        # Old escapes and the deprecated ``cgi`` module: nothing our operators could act upon.
        warnings.simplefilter("ignore")
        modernise(_load_vendored_six())
        for name in _MODULES:
            importlib.import_module(name)
    return sys.modules["spyne"]


def modernise(six: ModuleType) -> None:
    """Give the importer of a vendored ``six`` (``six._importer``) the hooks of PEP 451, once."""
    importer_class: Any = type(six.__dict__["_importer"])
    if hasattr(importer_class, "find_spec"):
        return
    importer_class.find_spec = _find_spec
    importer_class.create_module = _create_module
    importer_class.exec_module = _exec_module


def _load_vendored_six() -> ModuleType:
    if _SIX in sys.modules:
        return sys.modules[_SIX]
    package = importlib.util.find_spec("spyne")
    if package is None or not package.submodule_search_locations:
        raise ImportError("spyne is not installed; install the extra 'server'", name="spyne")
    path = Path(package.submodule_search_locations[0], "util", "six.py")
    spec = importlib.util.spec_from_file_location(_SIX, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"spyne's own six cannot be loaded from {path}", name=_SIX)
    module = importlib.util.module_from_spec(spec)
    sys.modules[_SIX] = module
    spec.loader.exec_module(module)
    return module


def _find_spec(self: Any, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG001
    if fullname not in self.known_modules:
        return None
    return importlib.util.spec_from_loader(fullname, self, is_package=self.is_package(fullname))


def _create_module(self: Any, spec: ModuleSpec) -> ModuleType:
    module: ModuleType = self.load_module(spec.name)
    return module


def _exec_module(self: Any, module: ModuleType) -> None:
    """Do nothing: load_module gave a finished module."""
