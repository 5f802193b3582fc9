"""`inge batch`: what a sender and an operator do at the command line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.cli.progress import Counter
from fixtures.persons import BAMF
from fixtures.resettlers import records
from messages import bva
from tests.batch.test_chunks import FAULTS
from tests.support.batch_http import Office, delivering, prepared_for_deliveries, read, records_file
from tests.support.cli import Ran, inge
from tests.support.given import BVA
from tests.support.server import Gateway
from tests.support.stores import fresh_sqlite


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    with delivering(folder, fresh_sqlite(folder, sqlite_template)) as started:
        yield started


class Sender:
    """The Federal Administration Office at its command line."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway = gateway
        certificate = folder / "gateway.pem"
        pki = gateway.pki
        certificate.write_bytes(pki.certificate("gateway").public_bytes(Encoding.PEM))
        password = folder / "password"
        password.write_text(pki.password)
        self.options: list[str | Path] = [
            "--endpoint", f"{gateway.base}/batch", "--key", pki.p12("bva"), "--password-file", password,
            "--gateway", certificate, "--agency", BVA.kennung, "--reader", BAMF.kennung, "--test",
        ]  # fmt: skip

    def __call__(self, command: str, *arguments: str | Path) -> Ran:
        return inge("batch", command, *arguments, *self.options, "--json")


@pytest.fixture
def sender(gateway: Gateway, tmp_path: Path) -> Sender:
    return Sender(gateway, tmp_path)


def test_a_delivery_from_the_check_to_the_result(sender: Sender, tmp_path: Path) -> None:
    faults = {2: FAULTS[7]}
    file = records_file(tmp_path / "datensaetze.xml", records(31, 5, faults))
    checked = inge("batch", "check", file, "--json")
    assert (checked.code, checked.json["records"], checked.json["faulty"]) == (1, 5, 1)
    (finding,) = checked.json["findings"]
    assert (finding["position"], finding["code"]) == (2, "X001")
    assert finding["path"].endswith("/bva:aktenzeichen")

    before = sender("status").json["expected"]
    into = tmp_path / "results"
    sent = sender("send", file, "--into", into)
    assert (sent.code, sent.err) == (1, "")
    number = int(before.partition("/")[0])
    assert {name: sent.json[name] for name in ("number", "package", "records", "state")} == {
        "number": number,
        "package": 1,
        "records": 5,
        "state": "fertig",
    }
    assert [sent.json[name] for name in ("accepted", "parked", "refused", "faulty")] == [4, 0, 0, 1]
    result = Path(sent.json["file"])
    assert result.parent == into
    assert read(result.with_suffix(".schein.xml").read_bytes()).datei.groesse == result.stat().st_size
    octets = result.read_bytes()

    # The same command again changes nothing: the manifest beside the file is sent once more.
    again = sender("send", file, "--into", into)
    assert again.json == sent.json
    assert result.read_bytes() == octets
    assert sender("status").json == {"expected": f"{number + 1}/1", "deliveries": []}

    # What was changed since is another delivery, and that has to be said.
    records_file(file, records(32, 2))
    changed = sender("send", file)
    assert changed.code == 1
    assert "--anew" in changed.err
    anew = sender("send", file, "--anew", "--no-wait")
    assert (anew.code, anew.json["number"], anew.json["state"]) == (0, number + 1, "angenommen")
    assert sender("send", file, "--into", into).json["manifest"] == anew.json["manifest"]


def test_results_are_fetched_until_they_are_confirmed(sender: Sender, tmp_path: Path) -> None:
    into = tmp_path / "results"
    assert sender("fetch", "--into", into).json == {"results": [], "confirmed": 0}
    file = records_file(tmp_path / "datensaetze.xml", records(41, 3))
    sent = sender("send", file)
    assert (sent.code, sent.json["accepted"]) == (0, 3)
    kept = sender("fetch", "--into", into, "--no-confirm")
    assert (kept.json["confirmed"], len(kept.json["results"])) == (0, 1)
    (state,) = sender("status", "--manifest", sent.json["manifest"]).json["deliveries"]
    assert (state["state"], state["decided"], state["unconfirmed"]) == ("fertig", 3, 1)
    fetched = sender("fetch", "--into", into).json
    assert (fetched["confirmed"], fetched["results"]) == (1, kept.json["results"])
    assert sender("fetch", "--into", into).json["results"] == []


def test_a_refusal_is_told_and_ends_with_1(sender: Sender, tmp_path: Path) -> None:
    file = records_file(tmp_path / "datensaetze.xml", records(51, 2))
    gap = sender("send", file, "--number", "900")
    assert (gap.code, gap.json["code"], gap.json["proven"]) == (1, "S999.delivery-gap", True)
    broken = tmp_path / "broken.xml"
    broken.write_bytes(file.read_bytes()[:-5])
    for ran in (sender("send", broken), inge("batch", "check", broken)):
        assert ran.code == 1
        assert "X000" in ran.out + ran.err
    assert inge("batch", "check", tmp_path / "nothing.xml").code == 2
    unknown = sender("status", "--manifest", "00000000-0000-4000-8000-000000000000")
    assert (unknown.code, unknown.json["code"]) == (1, "S999.unknown-result")


def test_an_operator_sees_deliveries_and_says_which_comes_next(gateway: Gateway, tmp_path: Path) -> None:
    office = Office(gateway)
    file = records_file(tmp_path / "datensaetze.xml", records(61, 4))
    manifest = office.next_manifest(file)
    office.deliver(manifest, file)
    office.result_of(manifest)
    uuid, place = read(manifest).lieferschein_uuid, read(manifest).lieferung

    def operator(*arguments: str) -> Ran:
        return inge("batch", *arguments, "--config", gateway.config)

    (first, *_) = operator("list", "--party", BVA.kennung, "--json").json
    assert (first["manifest"], first["records"], first["decided"], first["state"]) == (uuid, 4, 4, "finished")
    assert uuid in operator("list").out
    shown = operator("show", uuid, "--json").json
    assert (shown["accepted"], shown["chunks"], shown["open"], shown["dead_work"]) == (4, 1, 0, [])
    assert [each["addendum"] for each in shown["results"]] == [0]
    assert "confirmed no" in operator("show", uuid).out
    assert operator("show", "00000000-0000-4000-8000-000000000000").code == 1

    following = place.nummer + 1
    said = operator("expect", BVA.kennung, str(following + 5), "--as", "op", "--json")
    assert said.json == {
        "party": BVA.kennung,
        "before": f"{following}/1",
        "expected": f"{following + 5}/1",
    }
    assert office.state().erwartet == bva.Naechstes(following + 5, 1)
    assert operator("expect", BVA.kennung, str(following), "3", "--as", "op").code == 0
    assert office.state().erwartet == bva.Naechstes(following, 3)
    used = operator("expect", BVA.kennung, str(place.nummer), "--as", "op")
    assert (used.code, uuid in used.err) == (1, True)
    assert operator("expect", "dbs:999999", "1", "--as", "op").code == 1
    operator("expect", BVA.kennung, str(following), "--as", "op")


def test_a_worker_takes_in_what_lies_in_the_folder(tmp_path: Path, sqlite_template: Path) -> None:
    watched = tmp_path / "watched"
    gateway = prepared_for_deliveries(
        tmp_path, fresh_sqlite(tmp_path, sqlite_template), batch={"folder": str(watched)}
    )
    gateway.write_configuration()
    (watched / "in").mkdir(parents=True)
    file = records_file(watched / "in" / "lieferung.xml", records(71, 3))
    manifest = Office(gateway).manifest(file, 1)
    (watched / "in" / "lieferung.schein.xml").write_bytes(manifest)
    ran = inge("worker", "--once", "--json", "--config", gateway.config)
    assert ran.code == 0, ran.err
    out = sorted(each.name for each in (watched / "out" / "dbs-000200").iterdir())
    assert out == [
        "ergebnisse-000001-001-000.schein.xml",
        "ergebnisse-000001-001-000.xml",
        "lieferung.eingang.xml",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_tells_share_rate_and_what_is_left() -> None:
    times = iter([0.0, 0.0, 10.0, 20.0])
    out = Terminal()
    counter = Counter("records", out, lambda: next(times), total=1000)
    counter("", 200)
    counter("", 400)
    assert out.getvalue().rpartition("\x1b[2K")[2] == (
        "[##########..............]  40% 400 of 1000 records (20/s, 0:30 left)"
    )
    counter("", 1000)
    assert "100% 1000 of 1000 records (40/s, 0:00 left)" in out.getvalue()
    assert re.search(r"\? left", out.getvalue())
    counter.end()
