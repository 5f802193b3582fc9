"""The personal data of somebody for whom a clerk captures a right: read strictly, kept as of a report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.normalise import PersonKey, name_key
from gateway.plain import plain
from messages.codes import LISTS
from messages.values import Code, Name, PartialDate, Staat
from schemas.codes import CodeLists
from schemas.din91379 import is_datatype_c

_NAMES: Final = ("nachname", "vorname")
_MORE_NAMES: Final = ("geburtsname", "weiterer_nachname")
_NAME_LISTS: Final = ("fruehere_nachnamen", "abweichende_schreibweisen_nachname")
_KNOWN: Final = frozenset(
    {
        *_NAMES,
        *_MORE_NAMES,
        *_NAME_LISTS,
        "geburtsdatum",
        "geschlecht",
        "staatsangehoerigkeit",
        "postleitzahl",
    }
)


class PersonDataError(ValueError):
    """The data of a person cannot be used; `problems` says all that is wrong, by field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class PersonData:
    """Who it is: what is compared, names as given (None: has none), `details` as those of a report."""

    key: PersonKey
    surname: str | None
    first_name: str | None
    details: Mapping[str, Any]
    nationalities: frozenset[str]
    postcode: str


def read_person(data: Mapping[str, Any], lists: CodeLists) -> PersonData:
    """Read a person.

    In: `nachname`, `vorname` (a text, or false for somebody who has none), `geburtsdatum` (1990, 1990-05 or
    1990-05-17), `geschlecht`, `staatsangehoerigkeit` (one or several), `postleitzahl`; if there are
    `geburtsname`, `weiterer_nachname`, `fruehere_nachnamen`, `abweichende_schreibweisen_nachname`. Codes by
    the lists of the reports. Raises PersonDataError with all that is wrong.
    """
    problems = [f"{name}: nobody knows this field" for name in sorted(data.keys() - _KNOWN)]

    def read(name: str, how: Callable[[Any], Any]) -> Any:
        try:
            if name not in data:
                raise ValueError("it is missing")
            return how(data[name])
        except ValueError as error:
            problems.append(f"{name}: {error}")
            return None

    names = {name: read(name, _name) for name in _NAMES}
    names |= {name: read(name, _text_name) for name in _MORE_NAMES if name in data}
    lists_of_names = {name: read(name, _text_names) for name in _NAME_LISTS if name in data}
    birth = read("geburtsdatum", _birth)
    gender = read("geschlecht", lambda value: checked_code(lists, "geschlecht", value))
    states = read("staatsangehoerigkeit", lambda value: nationalities(lists, value))
    postcode = read("postleitzahl", _postcode)
    if problems:
        raise PersonDataError(problems)
    surname, first_name = names["nachname"].text, names["vorname"].text
    parts = {**names, **lists_of_names, "geschlecht": Code(gender), "geburtsdatum": birth}
    details = {name: plain(part) for name, part in parts.items()}
    details["anschrift"] = {"postleitzahl": postcode}
    details["staatsangehoerigkeiten"] = details_of(states)
    return PersonData(
        key=PersonKey(name_key(surname), name_key(first_name), birth.iso, gender),
        surname=surname,
        first_name=first_name,
        details=details,
        nationalities=frozenset(states),
        postcode=postcode,
    )


def nationalities(lists: CodeLists, value: Any) -> tuple[str, ...]:
    """Read one to four nationalities, each once. Raises ValueError."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= 4 or len(set(given)) < len(given):
        raise ValueError("one to four different keys are expected")
    return tuple(checked_code(lists, "staatsangehoerigkeit", each) for each in given)


def details_of(states: tuple[str, ...]) -> list[Any]:
    """Return nationalities as the details of a person hold them."""
    return [plain(Staat(Code(state))) for state in states]


def checked_code(lists: CodeLists, short_name: str, value: Any) -> str:
    """Return a code of a list of the messages. Raises ValueError for one that is not in it."""
    known = LISTS[short_name]
    if not isinstance(value, str) or lists.judge(known.uri, known.version, value) is not None:
        raise ValueError(f"{value!r} is not in {lists.expected(known.uri)}")
    return value


def _name(value: Any) -> Name:
    return Name(None) if value is False else _text_name(value)


def _text_name(value: Any) -> Name:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text is expected")
    if not is_datatype_c(value):
        raise ValueError("it has characters that DIN 91379 does not know")
    return Name(value)


def _text_names(value: Any) -> tuple[Name, ...]:
    if not isinstance(value, list):
        raise ValueError("a list of texts is expected")
    return tuple(_text_name(each) for each in value)


def _birth(value: Any) -> PartialDate:
    parts = str(value).split("-")
    try:
        birth = PartialDate(*(int(part) for part in parts))
    except (TypeError, ValueError):
        birth = None
    if birth is None or birth.iso != str(value):
        raise ValueError("a date such as 1990-05-17, 1990-05 or 1990 is expected")
    return birth


def _postcode(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 5 or not value.isascii() or not value.isdigit():
        raise ValueError("five digits are expected")
    return value
