"""Writing a kit: its folder appears whole or not at all."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final

from adapters.testkit.cases import Case, all_cases, all_groups
from adapters.testkit.changes import sealed
from adapters.testkit.deliveries import RECORDS, signed_manifest
from adapters.testkit.examples import NUMBER, Situation, example, reporter_of
from adapters.testkit.kit import KIT_FILE, Kit, KitError, described, lay_keys
from adapters.testkit.leaf import Leaf
from adapters.testkit.material import Material, Sent
from adapters.testkit.page import Page, render
from adapters.testkit.parties import Reader
from adapters.testkit.pki import Pki
from adapters.testkit.wording import checks, notes, sends, when_it_differs, words
from schemas.registry import Contract, SchemaRegistry

CASES: Final = "cases"
BOOKLET: Final = "booklet.html"
_NAMESPACE: Final = uuid.UUID("8f7d1c1e-4d0b-4b8e-9d43-6c2f0f6f8a11")
"""UUIDs of the booklet are made from the cases, so that two kits differ in keys and days only."""


def write_kit(folder: Path, reader: Reader, now: datetime) -> Kit:
    """Write a kit to a folder that does not exist yet or is empty. Raises KitError, OSError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise KitError(f"{folder} is there already: name another folder, or remove it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(workshop, reader, now)
        workshop.chmod(0o755)
        os.replace(workshop, folder)
    except BaseException:
        shutil.rmtree(workshop)
        raise
    return Kit.load(folder)


def leaves(pki: Pki, reader: Reader, now: datetime) -> Iterator[Leaf]:
    """The cases of a booklet, in order."""
    contracts = {each.message_type: each for each in SchemaRegistry.load().contracts()}
    rng, uuids = random.Random(0), _uuids()  # noqa: S311 - invented persons
    material = Material(reader, rng, lambda: next(uuids))
    answers: dict[str, bytes] = {}
    for group in all_groups():
        for number, case in enumerate(group.cases, 1):
            material.numbers[case.id] = NUMBER
            material.questions[case.id] = str(uuid.uuid5(_NAMESPACE, f"question {case.id}"))
            sent = material.make(case, now)
            place = f"{CASES}/{group.id}/{number:02d}-{case.id}"
            leaf = _leaf(case, place, sent, material, pki, now, contracts)
            if case.again is not None:
                leaf = replace(leaf, files={**leaf.files, "answer.xml": answers[case.again]})
            answers[case.id] = leaf.files["answer.xml"]
            if case.does == "deliver" and case.again is None and case.expect.refused is None:
                material.delivery_number += 1
            yield leaf


def _leaf(
    case: Case,
    folder: str,
    sent: Sent,
    material: Material,
    pki: Pki,
    now: datetime,
    contracts: Mapping[str, Contract],
) -> Leaf:
    situation = Situation(
        case=case,
        sent=sent,
        about=material.sent[case.of].uuid if case.of is not None else sent.uuid,
        answer_uuid=str(uuid.uuid5(_NAMESPACE, f"answer {case.id}")),
        reader=material.reader,
        now=now,
        reporter=reporter_of(case),
    )
    key = pki.key(case.sender)
    records = {RECORDS: sent.file} if sent.file else {}
    files = {
        "input.xml": sent.body + b"\n",
        "envelope.xml": signed_manifest(case.change, sent.body, key)
        if case.delivers
        else sealed(case.change, sent.body, key, now, "1.1"),
        **records,
        "expected.json": _expected(case),
        "answer.xml": example(situation),
    }
    texts = tuple(checks(case, contracts)), tuple(notes(case))
    return Leaf(case, folder, *texts, {**files, "case.md": _as_text(case, *texts)})


def _fill(folder: Path, reader: Reader, now: datetime) -> None:
    pki = lay_keys(folder, now)
    written = tuple(leaves(pki, reader, now))
    for leaf in written:
        place = folder / leaf.folder
        place.mkdir(parents=True)
        for name, content in leaf.files.items():
            (place / name).write_bytes(content)
    (folder / KIT_FILE).write_text(described(reader, now), encoding="utf-8")
    (folder / "README.md").write_text(_readme(reader, pki), encoding="utf-8")
    version = metadata.version("inge-gateway")
    page = Page(written, reader, pki, now, version)
    (folder / BOOKLET).write_bytes(render(page))


def _uuids() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield str(uuid.uuid5(_NAMESPACE, str(number)))


def _expected(case: Case) -> bytes:
    """What must come back, for programs: only what is said."""
    said = {key: value for key, value in asdict(case.expect).items() if value not in (None, False, ())}
    said["signed"] = case.expect.signed
    data = {"case": case.id, "needs": sorted(case.needs), "expect": said}
    return json.dumps(data, ensure_ascii=False, indent=2).encode() + b"\n"


def _as_text(case: Case, checked: tuple[str, ...], noted: tuple[str, ...]) -> bytes:
    labels = words()["labels"]
    lines = [f"# {case.title_de}", "", f"*{case.title_en}* – `{case.id}`", "", case.purpose, ""]
    facts = {
        labels["reference"]: case.reference,
        labels["sender"]: f"keys/{case.sender}.p12",
        labels["sends"]: sends(case),
        labels["needs"]: ", ".join(sorted(case.needs)) or labels["none"],
    }
    lines += [f"* {name}: {value}" for name, value in facts.items()]
    lines += [f"* {note}" for note in noted]
    lines += ["", f"## {labels['checked']}", "", *(f"* {check}" for check in checked)]
    lines += ["", f"## {labels['differs']}", "", when_it_differs(case), ""]
    return "\n".join(lines).encode()


def _readme(reader: Reader, pki: Pki) -> str:
    text: str = words()["readme"]["text"]
    return text.lstrip().format(
        **words()["title"],
        count=len(all_cases()),
        password=pki.password,
        reader=f"{reader.kennung}, {reader.name}",
    )
