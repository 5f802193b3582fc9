"""A test gateway and a productive one that share nothing but a file, and an authority to be connected."""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.testkit.documents import PRODUCER, PRODUCT
from fixtures.persons import Person, entitlement, many_persons, obligation_1a
from gateway.connecting import carrying, confirming, procedure, products
from gateway.connecting.given import read_given
from gateway.connecting.given_check import Flaw
from gateway.connecting.report import Report
from gateway.connecting.steps import Desk
from gateway.trust.admission import Limits
from messages.frame import Message
from messages.registry import BUNDLED_MESSAGES, MessageRegistry
from messages.values import Name
from store.engine import Store
from store.parties import add_party
from store.records_connection import Confirmation, Pair, Procedure, Product
from tests.support.core import ABH1, ABH2, NOW, StandingClock, new_uuid, party, settings
from tests.support.door import DoorCore
from tests.support.pki import shared_pki

STANDARD = "XAusländer 26.11"
ENTITLEMENT = Pair("070001", STANDARD)
OBLIGATION = Pair("070008", STANDARD)
PEOPLE = many_persons(20261126)


def somebody() -> Person:
    """A person that no other test has."""
    return next(PEOPLE)


def report(person: Person | None = None, *, test: str | None = "1", author: Any = ABH1) -> Message:
    """An entitlement, dated now."""
    return entitlement(author, new_uuid(), NOW, person or somebody(), test=test)


def obligation(person: Person | None = None, *, test: str | None = "1") -> Message:
    """An obligation 1a, dated now."""
    return obligation_1a(ABH1, new_uuid(), NOW, person or somebody(), test=test)


def uuid_of(message: Message) -> str:
    """The UUID of a message."""
    return str(message.rahmen.kopf.nachrichten_uuid)


def written(folder: Path, *messages: Message, registry: MessageRegistry = BUNDLED_MESSAGES) -> Path:
    """A folder with each message in a file, laid out for people to read."""
    folder.mkdir(parents=True, exist_ok=True)
    for message in messages:
        element = registry.build(message)
        text = etree.tostring(element, pretty_print=True, xml_declaration=True, encoding="UTF-8")
        (folder / f"{uuid_of(message)}.xml").write_bytes(text)
    return folder


def zipped(file: Path, folder: Path) -> Path:
    """The files of a folder as an archive."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, f"testdaten/{each.name}")
    return file


class TestOffice:
    """A test gateway behind its door, and the desk of its office, with one clock."""

    __test__ = False

    def __init__(self, store: Store) -> None:
        with store.write() as connection:
            for holder, agency in (("abh1", ABH1), ("abh2", ABH2)):
                add_party(connection, party(shared_pki(), agency.kennung, agency.name, holder), NOW)
        self.clock = StandingClock()
        self.test = DoorCore(store, shared_pki(), self.clock)

    def desk(self, actor: str = "office", **changes: Any) -> Desk:
        """The desk of the test environment. In: settings other than the usual ones."""
        return Desk(self.test.store, settings(**changes), self.clock, self.test.business, actor)

    def product(self, version: str = "1.0") -> Product:
        """An accepted product, that of the fixtures' messages unless it has another version."""
        registered = products.register_product(self.desk("maker"), PRODUCER, PRODUCT, version)
        return products.accept_product(self.desk(), registered.id, "acceptance test passed")

    def opened(self, *scope: Pair, product: Product | None = None) -> Procedure:
        """A procedure of the first authority."""
        chosen = product or self.product()
        return procedure.open_procedure(self.desk(), ABH1.kennung, chosen.id, scope or (ENTITLEMENT,))

    def supply(self, opened: Procedure, *places: Path, anew: bool = False) -> list[Flaw]:
        """Give test data separately."""
        files = read_given(places)
        return procedure.supply(self.desk(), opened.id, files, registry=self.test.registry, anew=anew)[1]

    def compare(self, opened: Procedure) -> Report:
        """Compare, as another user than who opened."""
        self.clock.advance(minutes=1)
        return confirming.compare(self.desk("comparer"), opened.id)

    def confirm(self, opened: Procedure, actor: str = "head") -> Confirmation:
        """Confirm, as yet another user."""
        self.clock.advance(minutes=1)
        return confirming.confirm(
            self.desk(actor), opened.id, uuid=new_uuid(), registry=self.test.registry, import_days=90
        )

    def export(self, opened: Procedure, meant_for: str | None = None, **changes: Any) -> bytes:
        """The signed file of a procedure. In: whom it is for, settings other than the usual ones."""
        return carrying.export(
            self.desk("head", **changes),
            opened.id,
            key=shared_pki().key("gateway"),
            registry=self.test.registry,
            meant_for=meant_for,
        )

    def confirmed(self, folder: Path, *messages: Message, scope: Sequence[Pair] = ()) -> Procedure:
        """A procedure for which these messages were sent, given separately, found equal and confirmed."""
        opened = self.opened(*scope)
        for message in messages:
            self.test.deliver(message)
        assert self.supply(opened, written(folder, *messages, registry=self.test.messages)) == []
        assert self.compare(opened)["equal"]
        self.confirm(opened)
        return opened


class TwoEnvironments(TestOffice):
    """Beside it a productive gateway with a store of its own, which knows the first authority only."""

    def __init__(self, test: Store, productive: Store) -> None:
        super().__init__(test)
        nothing: dict[str, Any] = {"allowed_types": frozenset(), "versions": frozenset()}
        known = party(shared_pki(), ABH1.kennung, ABH1.name, "abh1", environment="productive", **nothing)
        with productive.write() as connection:
            add_party(connection, known, NOW)
        self.productive = DoorCore(productive, shared_pki(), self.clock, environment="productive")

    def counter(self, actor: str = "operator", **changes: Any) -> Desk:
        """The desk of the productive environment. In: settings other than the usual ones."""
        there = settings(environment="productive", **changes)
        return Desk(self.productive.store, there, self.clock, self.productive.business, actor)

    def take(self, octets: bytes, trusted: Sequence[str] = ("gateway",), **changes: Any) -> Confirmation:
        """Import a confirmation into the productive environment."""
        return carrying.import_confirmation(
            self.counter(**changes),
            octets,
            trusted=[shared_pki().certificate(holder) for holder in trusted],
            registry=self.productive.registry,
            limits=Limits(),
        )


def changed_surname(message: Any, surname: str) -> Any:
    """The same message, of somebody with another surname."""
    data = message.personalien
    return replace(message, personalien=replace(data, nachname=Name(surname)))
