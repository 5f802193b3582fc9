"""The files a configuration names: all of them are checked before a start."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from lxml import etree

from adapters.config import Config
from adapters.config_problems import ConfigurationError, Problem
from adapters.config_secrets import load_ecdsa_key, load_signing_key, read_secret
from adapters.config_sections import SQLITE_PREFIX
from adapters.testkit.kit import is_of_a_kit
from gateway.trust.admission import Limits
from gateway.trust.certificate_files import TrustFileError, read_certificates
from gateway.trust.certificates import Validator
from messages.registry import MessageRegistry
from schemas.catalog import SchemaLocationError
from schemas.folders import ContractFileError, ContractFolder, read_folders
from schemas.model import SchemaModelError

_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_PRIVATE = "a file only its owner may read (chmod 600)"


def contract_folders(config: Config) -> Sequence[ContractFolder]:
    """Read what the contracts of every version say, in the periods configured. Raises ContractFileError."""
    schemas = config.schemas
    return read_folders(installed=schemas.installed, versions=schemas.versions, served=schemas.periods())


def confirming_certificates(config: Config) -> tuple[x509.Certificate, ...]:
    """Read whose confirmations of connections are believed. Raises ConfigurationError."""
    try:
        return read_certificates(config.connect.confirmed_by)
    except TrustFileError as error:
        wrong = Problem("connect.confirmed_by", str(error), "certificates in PEM or DER")
        raise ConfigurationError([wrong]) from error


def check_files(config: Config) -> list[Problem]:
    """Find everything in the files named by the configuration that would stop a gateway from starting."""
    found = (_keys(config), _trust(config), _folders(config), _limits(config), _versions(config))
    return [*(problem for each in found for problem in each), *_connect(config)]


def _keys(config: Config) -> Iterator[Problem]:
    keys = config.keys
    secrets = {"keys.master_key_file": keys.master_key_file, "keys.number_key_file": keys.number_key_file}
    for key, path in secrets.items():
        try:
            read_secret(path, key)
        except ConfigurationError as error:
            yield from error.problems
    for load in (load_signing_key, load_ecdsa_key):
        try:
            load(config)
        except ConfigurationError as error:
            yield from error.problems
    private = {
        **secrets,
        "keys.signing": keys.signing,
        "keys.signing_ecdsa": keys.signing_ecdsa,
        "keys.signing_password_file": keys.signing_password_file,
    }
    for key, file in private.items():
        if file is not None and file.exists() and not _is_credential(file):
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                yield Problem(key, f"{file} is open to others (mode {mode:o})", _PRIVATE)


def _is_credential(path: Path) -> bool:
    """Tell whether systemd handed a file to this service: it lets its user in by an access list, which looks
    like a mode for the group, and keeps the folder closed to all others (systemd.exec(5), CREDENTIALS).
    """
    folder = os.environ.get(_CREDENTIALS)
    return bool(folder) and path.resolve().is_relative_to(Path(folder or "").resolve())


def _trust(config: Config) -> Iterator[Problem]:
    trust = config.trust
    missing = False
    for key, paths in (
        ("trust.anchors", trust.anchors),
        ("trust.intermediates", trust.intermediates),
        ("trust.crls", trust.crls),
    ):
        for path in paths:
            if not path.exists():
                missing = True
                yield Problem(key, f"there is no {path}", "an existing file or folder")
    if trust.require_crl and not trust.crls:
        yield Problem(
            "trust.crls", "is empty while require_crl is on", "a revocation list, or require_crl = false"
        )
    if missing:
        return
    try:
        if config.environment.name != "test" and any(
            map(is_of_a_kit, read_certificates((*trust.anchors, *trust.intermediates)))
        ):
            yield Problem(
                "trust.anchors", "holds the root of a test kit, whose keys everybody has", "real authorities"
            )
        Validator.from_directories(
            anchors=trust.anchors,
            intermediates=trust.intermediates,
            crls=trust.crls,
            require_crl=trust.require_crl,
        )
    except (TrustFileError, ValueError) as error:
        yield Problem("trust", str(error), "PEM or DER certificates and revocation lists")


def _connect(config: Config) -> Iterator[Problem]:
    try:
        confirming_certificates(config)
    except ConfigurationError as error:
        yield from error.problems


def _limits(config: Config) -> Iterator[Problem]:
    try:
        replace(Limits(), **config.limits.given())
    except ValueError as error:
        yield Problem("limits", str(error), "caps that the parser can hold")


def _versions(config: Config) -> Iterator[Problem]:
    try:
        MessageRegistry.of(contract_folders(config))
    except (ContractFileError, SchemaLocationError, SchemaModelError, OSError) as error:
        yield Problem("schemas", str(error), "versions whose messages are known here, each with one period")
    except etree.XMLSyntaxError as error:
        yield Problem("schemas.versions", str(error), "schema files that are XML")


def _folders(config: Config) -> Iterator[Problem]:
    places = {"journal.heads_file": config.journal.heads_file}
    for key, url in (("store.url", config.store.url), ("acceptance.url", config.acceptance.url)):
        if url is not None and url.startswith(SQLITE_PREFIX):
            places[key] = Path(url.removeprefix(SQLITE_PREFIX))
    if config.acceptance.registry_file is not None:
        places["acceptance.registry_file"] = config.acceptance.registry_file
    if config.acceptance.url == config.store.url:
        yield Problem("acceptance.url", "is the core store's", "a store of its own, on this node")
    for key, path in places.items():
        if not os.access(path.parent, os.W_OK):
            yield Problem(key, f"{path.parent} is not a folder that can be written to", "a writable folder")
    for key, folder in (("batch.spool", config.batch.spool), ("batch.folder", config.batch.folder)):
        if folder is not None and not (folder.is_dir() and os.access(folder, os.W_OK)):
            yield Problem(key, f"{folder} is not a folder that can be written to", "a writable folder")
    installed = config.schemas.installed
    if installed is not None and not installed.is_dir():
        yield Problem("schemas.installed", f"there is no folder {installed}", "a folder with schema packages")
