"""Finds the local file of a schema location without network: relative path or XML catalog."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

#: Name of the OASIS XML catalog in the folder of a contract.
CATALOG_NAME = "catalog.xml"
CATALOG_NAMESPACE = "urn:oasis:names:tc:entity:xmlns:xml:catalog"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


class SchemaLocationError(ValueError):
    """A schema refers to a location for which there is no local file."""


class Catalog:
    """Maps absolute locations and namespaces to local files; relative locations stay relative."""

    def __init__(self, entries: Mapping[str, Path]) -> None:
        self.entries = dict(entries)

    @classmethod
    def of_folder(cls, folder: Path) -> "Catalog":
        """Read the catalog in a folder, or return an empty one if there is none.

        Raises SchemaLocationError when an entry leads out of the folder.
        """
        file = folder / CATALOG_NAME
        if not file.is_file():
            return cls({})
        entries: dict[str, Path] = {}
        for uri in etree.parse(file, _PARSER).iter(f"{{{CATALOG_NAMESPACE}}}uri"):
            target = (folder / uri.get("uri", "")).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise SchemaLocationError(f"{file}: entry {uri.get('name')!r} leads out of the folder")
            entries[uri.get("name", "")] = target
        return cls(entries)

    def locate(self, location: str, base: Path) -> Path:
        """Return the file for a `schemaLocation` written in the file `base`.

        Raises SchemaLocationError for an absolute location that the catalog does not name.
        """
        if location in self.entries:
            return self.entries[location]
        parts = urlsplit(location)
        if parts.scheme == "file":
            return Path(unquote(parts.path))
        if parts.scheme:
            raise SchemaLocationError(f"{base}: no local file for the schema location {location}")
        return (base.parent / unquote(location)).resolve()

    def map_uri(self, uri: str) -> str:
        """Return the local file URL for a mapped location and anything else unchanged."""
        # xmlschema escapes characters of a location before it asks; the catalog holds them as written.
        file = self.entries.get(uri) or self.entries.get(unquote(uri))
        return uri if file is None else file.as_uri()


class CatalogResolver(etree.Resolver):
    """Gives libxml2 the local file for a location of the catalog and refuses every other URL."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
        """Return the input for libxml2, see `lxml.etree.Resolver.resolve`."""
        del public_id  # XML Schema has none; the signature is lxml's
        if system_url in self._catalog.entries:
            file = str(self._catalog.entries[system_url])
            return self.resolve_filename(file, context)  # type: ignore[attr-defined]
        if urlsplit(system_url or "").scheme in ("http", "https", "ftp"):
            raise SchemaLocationError(f"no local file for the schema location {system_url}")
        return None


def schema_parser(catalog: Catalog) -> etree.XMLParser:
    """Return a parser for schema files that never uses the network or a DTD."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(CatalogResolver(catalog))
    return parser
