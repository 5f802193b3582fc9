"""The characters of DIN 91379: which text is allowed, and its search form."""

from schemas.din91379.characters import (
    DATATYPES,
    beyond_datatype_c,
    is_datatype_c,
    load_characters,
    search_form,
)

__all__ = ["DATATYPES", "beyond_datatype_c", "is_datatype_c", "load_characters", "search_form"]
