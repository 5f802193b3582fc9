"""Says why a document is not valid, after libxml2 has said that it is not.

xmlschema names the place, the declaration and the facet; where it sees nothing, the error log of a
second compiled libxml2 schema is read. No text of the document goes into a violation.
"""

import itertools
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from schemas.catalog import Catalog
from schemas.violations import Violation, ViolationKind, line_of, path_of, shown_code, shown_name

#: More violations than this do not help anybody mend a document.
MAX_VIOLATIONS = 20
_TEXT_LIMIT = 300
#: The patterns of DIN 91379 are longer than this; the name of the type says more than they do.
_PATTERN_LIMIT = 120
_MISSING_ATTRIBUTE = re.compile(r"missing required attribute '([^']*)'")
_FOREIGN_ATTRIBUTE = re.compile(r"'([^']*)' attribute not allowed")
_LIST_ATTRIBUTES = {
    "listURI": ViolationKind.UNKNOWN_CODE_LIST,
    "listVersionID": ViolationKind.UNKNOWN_LIST_VERSION,
}


class ExplainerError(ValueError):
    """The schema files compile in libxml2, but xmlschema cannot build a schema from them."""


class Explainer:
    """Explains violations of one compiled contract.

    xmlschema takes seconds to build and its objects are not made for several threads, so it is built
    when the first invalid document comes and used under a lock. Valid documents never wait for it.
    """

    def __init__(
        self, driver: str, base: Path, catalog: Catalog, compile_schema: Callable[[], etree.XMLSchema]
    ) -> None:
        self._driver = driver
        self._base = base
        self._catalog = catalog
        self._compile_schema = compile_schema
        self._lock = threading.Lock()
        self._schema: Any = None
        self._logging_schema: etree.XMLSchema | None = None

    def prepare(self) -> None:
        """Build the explaining schema now. Raises ExplainerError when xmlschema cannot use the files."""
        with self._lock, warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                self._explainer()
            except Exception as error:
                raise ExplainerError(f"{self._base}: {error}") from error

    def explain(self, element: etree._Element) -> list[Violation]:
        """Return why an element is not valid, at most MAX_VIOLATIONS, in document order.

        In: the root element that libxml2 refused. Out: at least one violation.
        """
        with self._lock:
            all_errors = self._explainer().iter_errors(element, use_location_hints=False)
            errors = itertools.islice(all_errors, MAX_VIOLATIONS)
            # A derived type repeats the complaint of its base; one of equal violations is enough.
            found = dict.fromkeys(_translate(error, element) for error in errors)
            return list(found) or list(self._logged(element))

    def _explainer(self) -> Any:
        if self._schema is None:
            import xmlschema  # slow to import; only an invalid document needs it

            self._schema = xmlschema.XMLSchema10(
                self._driver,
                base_url=self._base.as_uri(),
                uri_mapper=self._catalog.map_uri,
                defuse="always",
                allow="local",
            )
        return self._schema

    def _logged(self, element: etree._Element) -> Iterator[Violation]:
        if self._logging_schema is None:
            self._logging_schema = self._compile_schema()
        self._logging_schema.validate(element)
        log: Any = self._logging_schema.error_log
        for entry in itertools.islice(log, MAX_VIOLATIONS):
            rule = entry.type_name.removeprefix("SCHEMAV_").lower()
            expected = (
                "fixed value as written in the schema" if rule.startswith("cvc_elt_5") else f"rule {rule}"
            )
            found = shown_name(
                re.sub(r"\[\d+\]$", "", entry.path or "").rpartition("/")[2].rpartition(":")[2]
            )
            yield Violation(ViolationKind.STRUCTURE, entry.path or "/", entry.line, expected, found)


def _translate(error: Any, root: etree._Element) -> Violation:
    element = error.elem if isinstance(error.elem, etree._Element) else root
    path = path_of(element)
    kind, expected, found = ViolationKind.STRUCTURE, "", shown_name(element.tag)
    validator, reason = error.validator, str(error.reason)
    if hasattr(error, "expected"):
        expected, found = _children(error, element)
        if error.invalid_child is not None and isinstance(error.invalid_child, etree._Element):
            element = error.invalid_child
            path = path_of(element)
    elif missing := _MISSING_ATTRIBUTE.search(reason):
        expected, found = f"attribute {missing[1]}", "no such attribute"
    elif foreign := _FOREIGN_ATTRIBUTE.search(reason):
        path, expected, found = f"{path}/@{_local(foreign[1])}", "no such attribute", shown_name(foreign[1])
    elif type(validator).__name__ == "XsdAttribute":
        name = validator.local_name
        path, found = f"{path}/@{name}", f"another value of {name}"
        expected = f"{name} {validator.fixed}" if validator.fixed is not None else f"{name} of its type"
        if name in _LIST_ATTRIBUTES and validator.fixed is not None:
            kind, found = _LIST_ATTRIBUTES[name], shown_code(element.get(name, ""))
    elif _is_listed_code(element, validator):
        kind, expected = ViolationKind.UNKNOWN_CODE, "code of the list that the schema enumerates"
        found = shown_code(element.text or "")
    else:
        expected = _facet(validator)
    return Violation(kind, path, line_of(element), expected[:_TEXT_LIMIT], found)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _children(error: Any, element: etree._Element) -> tuple[str, str]:
    expected = error.expected
    names = []
    for particle in expected if isinstance(expected, list | tuple) else [expected]:
        name = getattr(particle, "local_name", None) or (particle if isinstance(particle, str) else None)
        if name:
            names.append(_local(name))
    wanted = " or ".join(dict.fromkeys(names)) or "nothing more here"
    if error.invalid_tag is not None:
        return wanted, shown_name(error.invalid_tag)
    return wanted, f"end of {shown_name(element.tag)}"


def _is_listed_code(element: etree._Element, validator: Any) -> bool:
    return element.tag == "code" and type(validator).__name__ == "XsdEnumerationFacets"


def _facet(validator: Any) -> str:
    """Return what a simple type asks for, from its facet or built-in type."""
    kind = type(validator).__name__
    if kind == "XsdPatternFacets":
        pattern = " or ".join(str(part.get("value", "")) for part in validator)
        name = getattr(validator.parent, "local_name", None) or "pattern"
        return f"pattern {pattern}" if len(pattern) <= _PATTERN_LIMIT else f"characters of {name}"
    if kind == "XsdEnumerationFacets":
        return "one of " + ", ".join(map(str, validator.enumeration))
    if kind.startswith("Xsd") and kind.endswith("Facet"):
        return f"{_local(kind)[3:-5]} {validator.value}"
    if kind == "XsdGroup":
        return "elements only, no text between them"
    if kind == "XsdElement" and validator.fixed is not None:
        return f"fixed value {validator.fixed}"
    return _local(getattr(validator, "name", None) or kind)
