"""Land use as the cadastre packs it into one text: ``Weg / Fahrweg;17|Wohnbaufläche;523``."""

import re

_UNSET = re.compile(r"\s*\(\w+:null\)")


def stated_uses(text: str) -> tuple[tuple[str, float | None], ...]:
    """Return the uses in a text with their areas in m², in the order given.

    Examples
    --------
    >>> stated_uses("Wohnbaufläche(funktion:null);523|Weg / Fahrweg;17|Wald")
    (('Wohnbaufläche', 523.0), ('Weg / Fahrweg', 17.0), ('Wald', None))
    """
    found: list[tuple[str, float | None]] = []
    for part in text.split("|"):
        name, mark, size = part.rpartition(";")
        area = _number(size) if mark else None
        name = _UNSET.sub("", name if area is not None else part).strip()
        if name:
            found.append((name, area))
    return tuple(found)


def main_use(text: str) -> str:
    """Return the class of the largest use, without its function.

    Examples
    --------
    >>> main_use("Weg / Fahrweg;17|Wohnbaufläche(funktion:1);523"), main_use("Weg / Fahrweg;2")
    ('Wohnbaufläche', 'Weg')
    """
    uses = stated_uses(text)
    if not uses:
        return ""
    name, _ = max(uses, key=lambda use: use[1] or 0.0)
    return re.split(r"\s*[(/]", name)[0].strip()


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
