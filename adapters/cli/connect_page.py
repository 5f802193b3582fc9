"""The report of a comparison for people: as text, and as a German page for reading and printing.

The page is one file without scripts, pictures or anything fetched: headings, tables with captions and heads
that screen readers announce, results as words and not by colour alone, and black on white on paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

from adapters.cli.console import table
from gateway.clock import german_time
from gateway.connecting.difference import NOT_COMPARED

if TYPE_CHECKING:
    from gateway.connecting.report import Report

_GERMAN: Final = {
    "equal": "gleich",
    "different": "verschieden",
    "missing": "nicht gesandt",
    "surplus": "nicht übergeben",
    "erased": "Inhalt gelöscht",
    "left-out": "außer Betracht",
}
_OUTCOMES: Final = tuple(_GERMAN)
_HINTS: Final = {
    "only blanks differ": "nur Leerzeichen verschieden",
    "only capitals differ": "nur Groß- und Kleinschreibung verschieden",
    "the same letters, composed of other characters": "gleiche Buchstaben, anders zusammengesetzt (Unicode)",
    "the same elements in another order": "dieselben Elemente in anderer Reihenfolge",
    "another product than the one registered": "anderes Fachverfahren als das abgenommene",
}
_ENGLISH_NOTES: Final = {
    "refused": "it was sent and refused with {}",
    "reason": "no test data: {}",
    "missing": "it was not sent since the opening",
    "surplus": "it was not given separately: `inge connect supply`, or `leave-out` if it is no test data",
    "erased": "its content was erased: it has to be sent anew, under a new UUID",
}
_GERMAN_NOTES: Final = {
    "refused": "Gesandt, aber abgelehnt mit {}.",
    "reason": "Keine Testdaten: {}",
    "missing": "Seit Beginn des Vorgangs nicht gesandt.",
    "surplus": "Nicht gesondert übergeben.",
    "erased": "Der Inhalt ist gelöscht; die Nachricht ist unter neuer UUID neu zu senden.",
}
_STYLE: Final = """
:root { color-scheme: light; }
body { font: 1rem/1.5 system-ui, sans-serif; color: #111; background: #fff;
  margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { border: 1px solid #555; padding: .3rem .5rem; text-align: left; vertical-align: top; }
thead th { background: #eee; }
td { overflow-wrap: anywhere; white-space: pre-wrap; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.verdict { border: 3px solid #111; padding: .5rem 1rem; font-size: 1.25rem; font-weight: 700; }
.absent { font-style: italic; }
section { break-inside: avoid-page; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } thead { display: table-header-group; } }
"""


def render_text(report: Report) -> str:
    """Give the report as text for a terminal."""
    product = report["product"]
    blocks = [
        f"{report['kennung']} {report['name']}"
        f" with {product['name']} {product['version']} ({product['maker']})\n"
        f"compared {_utc(report['compared_at'])} by {report['compared_by']},"
        f" sent since {_utc(report['sent_since'])}",
        _pairs(report),
        *(_message(message) for message in report["messages"] if message["outcome"] != "equal"),
        f"not compared, since it says nothing: {', '.join(report['not_compared'])}",
        _leads(report),
    ]
    return "\n\n".join(blocks)


def render_page(report: Report) -> str:
    """Give the report as a page of HTML."""
    title = f"Vergleich der Testdaten {report['kennung']}"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="de">',
            f'<head><meta charset="utf-8"><title>{escape(title)}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head>",
            "<body><main>",
            f"<h1>{escape(title)}</h1>",
            *_head(report),
            *_pair_table(report),
            *(line for message in report["messages"] for line in _section(message)),
            *_foot(),
            "</main></body></html>",
            "",
        ]
    )


def _leads(report: Report) -> str:
    if report["outdated"]:
        return f"outdated, test data changed since: `inge connect compare {report['procedure']}` leads on"
    if report["equal"]:
        return f"all is equal: `inge connect confirm {report['procedure']}` leads on"
    return "not equal: nothing can be confirmed"


def _pairs(report: Report) -> str:
    rows = [
        (
            pair["message_type"],
            pair["version"],
            *(pair["counts"].get(outcome, 0) for outcome in _OUTCOMES),
            "good" if pair["good"] else "NOT GOOD",
        )
        for pair in report["pairs"]
    ]
    return table(["type", "version", *_OUTCOMES, "result"], rows)


def _message(message: dict[str, Any]) -> str:
    where = [f"file {message['file']}"] if message["file"] else []
    where += [f"sent {_utc(message['sent_at'])}"] if message["sent_at"] else []
    head = f"{message['outcome'].upper()}  {message['message_type']}  {message['uuid']}  ({', '.join(where)})"
    lines = [head, *(f"  {note}" for note in _notes(message, _ENGLISH_NOTES))]
    for each in message["differences"]:
        lines.append(f"  {each['path']}")
        lines.append(f"      given separately: {_value(each['supplied'])}")
        lines.append(f"      sent:             {_value(each['sent'])}")
        if each["hint"]:
            lines.append(f"      {each['hint']}")
    return "\n".join(lines)


def _notes(message: dict[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    """Give what there is to say of a message that was not compared."""
    for name in ("refused", "reason"):
        if message[name]:
            yield words[name].format(message[name])
            return
    if message["outcome"] in words:
        yield words[message["outcome"]]


def _value(value: str | None) -> str:
    return "not there" if value is None else _visible(json.dumps(value, ensure_ascii=False))


def _visible(value: str) -> str:
    """Name every character that a reader could not see: no-break spaces, line breaks, marks of direction."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in value)


def _head(report: Report) -> Iterator[str]:
    product = report["product"]
    verdict = "Alle Testdaten sind gleich." if report["equal"] else "Die Testdaten sind nicht gleich."
    follows = "Die Bestätigung ist möglich." if report["equal"] else "Eine Bestätigung ist nicht möglich."
    if report["outdated"]:
        follows = "Dieser Bericht ist überholt: Die Testdaten haben sich seither geändert."
    yield f'<p class="verdict" role="status">{verdict} {follows}</p>'
    facts = (
        ("Behörde", f"{report['name']} ({report['kennung']})"),
        ("Fachverfahren", f"{product['name']} {product['version']}, {product['maker']}"),
        ("Vorgang", f"{report['procedure']}, Stand {report['revision']}"),
        ("Gesandt seit", _german(report["sent_since"])),
        ("Verglichen", f"{_german(report['compared_at'])} durch {report['compared_by']}"),
        ("Prüfsumme (SHA-256)", report["digest"]),
    )
    yield "<table><caption>Was verglichen wurde</caption><tbody>"
    for name, value in facts:
        yield f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>'
    yield "</tbody></table>"


def _pair_table(report: Report) -> Iterator[str]:
    yield "<h2>Ergebnis je Nachrichtenart</h2>"
    yield "<table><caption>Anzahl der Nachrichten</caption><thead><tr>"
    heads = ("Nachrichtenart", "Version", *(_GERMAN[outcome] for outcome in _OUTCOMES), "Ergebnis")
    yield "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for pair in report["pairs"]:
        counts = "".join(f"<td>{pair['counts'].get(outcome, 0)}</td>" for outcome in _OUTCOMES)
        result = "in Ordnung" if pair["good"] else "nicht in Ordnung"
        yield (
            f'<tr><th scope="row">{escape(pair["message_type"])}</th><td>{escape(pair["version"])}</td>'
            f"{counts}<td>{result}</td></tr>"
        )
    yield "</tbody></table>"


def _section(message: dict[str, Any]) -> Iterator[str]:
    outcome = _GERMAN[message["outcome"]]
    yield f"<section><h2>{escape(message['message_type'])}: {escape(outcome)}</h2>"
    where = f"UUID <code>{escape(message['uuid'])}</code>, {escape(message['version'])}"
    if message["file"]:
        where += f"; übergeben in <code>{escape(message['file'])}</code>"
    if message["sent_at"]:
        where += f"; gesandt {_german(message['sent_at'])}"
    yield f"<p>{where}</p>"
    for note in _notes(message, _GERMAN_NOTES):
        yield f"<p>{escape(note)}</p>"
    if message["differences"]:
        yield "<table><caption>Unterschiede Feld für Feld</caption><thead><tr>"
        yield '<th scope="col">Feld</th><th scope="col">übergeben</th><th scope="col">gesandt</th>'
        yield '<th scope="col">Hinweis</th></tr></thead><tbody>'
        for each in message["differences"]:
            yield (
                f'<tr><th scope="row"><code>{escape(each["path"])}</code></th>'
                f"{_cell(each['supplied'])}{_cell(each['sent'])}"
                f"<td>{escape(_HINTS.get(each['hint'] or '', each['hint'] or ''))}</td></tr>"
            )
        yield "</tbody></table>"
    yield "</section>"


def _foot() -> Iterator[str]:
    yield "<h2>Was nicht verglichen wird</h2>"
    yield "<p>Ohne Bedeutung für den Inhalt und darum nicht verglichen:</p><ul>"
    for german, _ in NOT_COMPARED:
        yield f"<li>{escape(german)}</li>"
    yield "</ul>"


def _cell(value: str | None) -> str:
    if value is None:
        return '<td class="absent">nicht vorhanden</td>'
    return '<td class="absent">leer</td>' if value == "" else f"<td>{escape(_visible(value))}</td>"


def _utc(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S} UTC"


def _german(moment: str) -> str:
    return f"{german_time(datetime.fromisoformat(moment)):%d.%m.%Y, %H:%M:%S} Uhr"
