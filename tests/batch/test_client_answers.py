"""What the client of deliveries believes: proven answers, and of these only the one to what it asked."""

from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.client import UntrustedAnswer
from fixtures.resettlers import records
from tests.support.batch_http import Office, read, records_file
from tests.support.server import Gateway


class Between(requests.Session):
    """Somebody on the line: keeps every answer, and hands out an earlier one when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[requests.Response] = []
        self.instead: requests.Response | None = None

    def post(self, *args: Any, **changes: Any) -> requests.Response:
        response = super().post(*args, **changes)
        _ = response.content
        self.kept.append(response)
        return self.instead or response


def test_what_answers_something_else_is_not_believed(gateway: Gateway, tmp_path: Path) -> None:
    line = Between()
    office = Office(gateway, session=line)
    file = records_file(tmp_path / "datensaetze.xml", records(4711, 1))
    first = office.next_manifest(file)
    assert office.deliver(first, file).lieferschein_uuid == read(first).lieferschein_uuid
    receipt = line.kept[-1]
    second = office.next_manifest(file)
    overview = line.kept[-1]
    result = office.result_of(first).ergebnisschein_uuid
    office.note(result)
    note = line.kept[-1]

    line.instead = receipt
    with pytest.raises(UntrustedAnswer, match="belongs to another"):
        office.deliver(second, file)
    line.instead = overview
    with pytest.raises(UntrustedAnswer, match="belongs to another"):
        office.state()
    line.instead = note
    with pytest.raises(UntrustedAnswer, match="belongs to another"):
        office.note(read(first).lieferschein_uuid)
    line.instead = None
    # The delivery had arrived: sent again it gets its own receipt.
    assert office.deliver(second, file).lieferschein_uuid == read(second).lieferschein_uuid
    assert office.note(result)[1].ergebnisschein_uuid == result
