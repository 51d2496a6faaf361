"""Countries whose public holidays are known: capacity rests on them, so another one is refused where it is told."""

from typing import Annotated

from pydantic import AfterValidator

from schemas.fields import Country
from services.errors import did_you_mean


def _with_calendar(country: str) -> str:
    import difflib

    import holidays

    code, _, part = country.partition("-")
    known = holidays.list_supported_countries()
    if code not in known:
        # without a letter in common none is near
        near = difflib.get_close_matches(code, sorted(known), n=3, cutoff=0.5)
        hint = did_you_mean(near, "give an ISO 3166 code such as GB or DE-BY.")
        raise ValueError(f"no public holidays are known of {code}; {hint}")
    if part and part not in known[code]:
        near = [f"{code}-{one}" for one in difflib.get_close_matches(part, known[code], n=3, cutoff=0.5)]
        hint = did_you_mean(near, f"give {code}, the whole country.")
        raise ValueError(f"no public holidays are known of {country}; {hint}")
    return country


CountryField = Annotated[Country, AfterValidator(_with_calendar)]
"""A country or subdivision with a calendar, by its ISO 3166 code."""
