"""Further versions of the standard: read from their folder and held against the message classes.

A version has the messages of the one that comes with this release. It has a namespace of its own and may name
elements otherwise; what differs beyond that is refused at the start, before a document can meet it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from messages.binding import Known, Shape, plan_of
from messages.dialect import BUNDLED, Dialect
from schemas.catalog import Catalog
from schemas.folders import ContractFileError, ContractFolder
from schemas.model import ComplexType, SchemaModel, elements_of


def dialect_of(folder: ContractFolder, classes: Mapping[str, Any]) -> Dialect | None:
    """Return how the version of a folder is written; None for one that is no further version of another.

    In: the message classes of the bundled version by root element. Raises ContractFileError, saying what the
    schema and the messages do not agree about.
    """
    if folder.extends is None:
        return None
    if folder.extends != BUNDLED.name or folder.standard != BUNDLED.standard:
        raise ContractFileError(
            f"{folder.version_name}: extends {folder.extends!r}, but known are the messages of {BUNDLED.name}"
        )
    dialect = Dialect(folder.version, folder.namespace, folder.renamed)
    problems = [*_unknown_places(folder, classes), *_differences(folder, dialect, classes)]
    if problems:
        raise ContractFileError(f"{folder.version_name} ({folder.folder}): {'; '.join(problems)}")
    return dialect


def root_in(dialect: Dialect, root: str) -> str:
    """Return what a root element of the bundled version (Clark name) is in another."""
    namespace, _, name = root[1:].partition("}")
    return dialect.tag(namespace, name)


def _unknown_places(folder: ContractFolder, classes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of `[renamed]` that are about nothing."""
    known = {place for cls in classes.values() for place in _places(plan_of(cls).shape)}
    for place in sorted(folder.renamed.keys() - known):
        yield f"[renamed] names {place}, which is no element of a message"


def _places(shape: Shape) -> Iterator[str]:
    for known in shape.values():
        yield known.place
        yield from _places(known.inside or {})


def _differences(folder: ContractFolder, dialect: Dialect, classes: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the schema of the version is not what the classes, written in this version, say."""
    model = SchemaModel(folder.entries, Catalog.of_folder(folder.folder))
    declared = {message.tag for message in model.messages()}
    ours = {root_in(dialect, root): cls for root, cls in classes.items()}
    for root in sorted(declared ^ ours.keys()):
        which = "is a message of the schema only" if root in declared else "is missing in the schema"
        yield f"{_local(root)} {which}"
    seen: set[tuple[int, int]] = set()
    found: dict[str, None] = {}
    for root in sorted(declared & ours.keys()):
        declaration = model.element(root).type
        if isinstance(declaration, ComplexType):
            name = root.rpartition("}")[2]
            found |= dict.fromkeys(_compared(declaration, plan_of(ours[root], dialect).shape, name, seen))
    yield from found


def _compared(schema: ComplexType, shape: Shape, name: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Yield the differences of one element and all inside it, each pair of type and class once."""
    if (id(schema), id(shape)) in seen:
        return
    seen.add((id(schema), id(shape)))
    declared = {element.tag: element for element in elements_of(schema.content)}
    unknown = sorted(_local(tag) for tag in declared.keys() - shape.keys())
    missing = sorted(_place(tag, shape[tag]) for tag in shape.keys() - declared.keys())
    if unknown or missing:
        yield (
            f"in {name} the schema has {', '.join(unknown) or 'nothing'} "
            f"where the messages have {', '.join(missing) or 'nothing'}"
        )
    for tag, element in declared.items():
        known = shape.get(tag)
        if known is not None and known.inside is not None and isinstance(element.type, ComplexType):
            yield from _compared(element.type, known.inside, _local(tag), seen)


def _place(tag: str, known: Known) -> str:
    return f"{_local(tag)} ({known.place})" if known.place else _local(tag)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def dialects_of(folders: Iterable[ContractFolder], classes: Mapping[str, Any]) -> list[Dialect]:
    """Return how the further versions among some folders are written. Raises ContractFileError."""
    return [each for each in (dialect_of(folder, classes) for folder in folders) if each is not None]
