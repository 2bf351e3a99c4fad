"""The tax office's two tables, in its own dialect, and who owns which parcel."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.city.drawing import City
from data.city.lots import Lot
from data.city.names import firm, person
from data.city.spelling import BAD, GOOD, STREET_STYLES, Key
from data.city.streets import Kind
from data.city.tables import comma, euros, write_table
from data.city.taxes import TaxObject, assess
from data.city.truth import CityTruth, Planted, Register
from data.city.zones import Zone

PROPERTY_HEADER = (
    "Aktenzeichen",
    "Kassenzeichen",
    "Flurstücke",
    "Lage",
    "WEG-Nr",
    "Art",
    "Wohngrundstück",
    "Steuerpflichtiger",
    "Grundsteuerwert",
    "Steuermesszahl",
    "Messbetrag",
    "Hebesatz",
    "Jahresbetrag",
    "gültig ab",
)
TRADE_HEADER = ("Steuernummer", "Betrieb", "Anschrift", "Messbetrag", "Zerlegung", "gültig ab")


@dataclass(frozen=True)
class Filed:
    """What one tax object's row says about its parcels, and what that really means."""

    text: str
    kind: str  # of dirt, empty when it is spelled plainly
    expected: str  # matched | unmatched
    parcels: tuple[str, ...]


def keys_of(city: City) -> list[Key]:
    """Return the parts of every parcel's key with the district's name."""
    from data.city.keys import load_catalogue  # noqa: PLC0415 - read once, here only

    names = {d.key: d.name for d in load_catalogue().districts}
    numbers = city.numbers
    rows = zip(
        numbers.district,
        numbers.section.tolist(),
        numbers.numerator.tolist(),
        numbers.denominator.tolist(),
        strict=True,
    )
    return [Key(str(d), names[str(d)], s, z, n) for d, s, z, n in rows]


def address_of(city: City, row: int) -> str:
    """Return the address of a lot, empty where it has none."""
    number = str(city.addresses.number[row])
    return f"{city.names[int(city.addresses.street[row])]} {number}" if number else ""


def write_property_tax(city: City, folder: Path, truth: CityTruth, *, dirt: bool) -> None:
    """Write the property-tax table and note what each row's parcels are."""
    objects = assess(city)
    keys = keys_of(city)
    filed = _file_keys(city, objects, keys, dirt=dirt)
    rows = [
        _row(city, i, tax, cell) for i, (tax, cell) in enumerate(zip(objects, filed, strict=True))
    ]
    repeated = rows[5 :: max(1, len(rows) // 4)][:3] if dirt else []
    file = folder / "property_tax" / "grundsteuer.csv"
    write_table(file, PROPERTY_HEADER, [*rows, *repeated], encoding="cp1252")
    for row, cell in zip(rows, filed, strict=True):
        if cell.kind:
            truth.planted.append(
                Planted(cell.kind, "property_tax", row[0], cell.text, cell.expected, cell.parcels)
            )
    truth.planted += [
        Planted("duplicate_row", "property_tax", row[0], "same row twice", "repaired")
        for row in repeated
    ]
    n = len(rows)
    truth.registers["grundsteuer"] = Register(
        ["property_tax/grundsteuer.csv"], n + len(repeated), n, len(repeated), 0, len(repeated)
    )
    write_table(
        folder / "truth" / "grundsteuer.csv",
        ("tax_file_number", "parcel_keys", "expected", "kind"),
        [(r[0], " ".join(c.parcels), c.expected, c.kind) for r, c in zip(rows, filed, strict=True)],
        newline="\n",
    )
    parcels: dict[tuple[int, ...], int] = {}
    for tax in objects:
        parcels[tax.parcels] = parcels.get(tax.parcels, 0) + 1
    truth.links["grundsteuer"] = {
        "objects": n,
        "objects_on_several_parcels": sum(len(tax.parcels) > 1 for tax in objects),
        "parcels_with_several_objects": sum(count > 1 for count in parcels.values()),
        "annual_tax_cents": sum(tax.annual_tax_cents for tax in objects),
    }


def _row(city: City, i: int, tax: TaxObject, cell: Filed) -> list[str]:
    residential = "" if tax.kind == "A" else ("ja" if tax.residential else "nein")
    return [
        f"999/{100 + i // 100_000:03d}-3-{i % 100_000:05d}.{i % 7}",
        f"99.{i:09d}.0",
        cell.text,
        address_of(city, tax.parcels[0]),
        f"{tax.unit:02d}" if tax.unit else "",
        tax.kind,
        residential,
        person(i + 1),
        euros(tax.value_eur * 100)[:-3],
        comma(tax.base_rate / 100, 2),
        euros(tax.base_amount_cents),
        f"{tax.multiplier}",
        euros(tax.annual_tax_cents),
        "01.01.2025",
    ]


def _file_keys(city: City, objects: list[TaxObject], keys: list[Key], *, dirt: bool) -> list[Filed]:
    rng = city.frame.plan.random(71)
    styles = list(GOOD)
    chance = rng.uniform(size=len(objects))
    pick = rng.integers(0, len(styles), len(objects))
    filed = []
    for i, tax in enumerate(objects):
        style = styles[int(pick[i])] if dirt and chance[i] < 0.38 else "canonical"
        texts = [GOOD[style](keys[p]) for p in tax.parcels]
        mark = " | " if i % 3 else "; "
        kind = "" if style == "canonical" else f"key_{style}"
        filed.append(
            Filed(mark.join(texts), kind, "matched", tuple(keys[p].canonical for p in tax.parcels))
        )
    if dirt:
        _spoil(city, objects, keys, filed, rng)
    return filed


def _spoil(
    city: City,
    objects: list[TaxObject],
    keys: list[Key],
    filed: list[Filed],
    rng: np.random.Generator,
) -> None:
    """Replace some keys by wrong ones, by keys of ended parcels, and by nothing."""
    lone = rng.permutation([i for i, tax in enumerate(objects) if len(tax.parcels) == 1]).tolist()
    each = max(2, round(0.0006 * len(objects)))
    for name, spell in BAD.items():
        for _ in range(each):
            i = lone.pop()
            text = spell(keys[objects[i].parcels[0]])
            filed[i] = Filed(text, f"key_{name}", "unmatched", ())
    ended = [e for e in city.numbers.ended if e.event == "split"]
    for k in rng.permutation(len(ended))[: max(3, 4 * each)]:
        i = lone.pop()
        filed[i] = Filed(ended[int(k)].key, "key_ended", "unmatched", ())
    beyond = int(city.numbers.numerator.max()) + 1_000
    for _ in range(each):
        i = lone.pop()
        key = keys[objects[i].parcels[0]]
        never = Key(key.district, key.name, key.section, beyond + i % 1000, 0)
        filed[i] = Filed(never.canonical, "key_never_existed", "unmatched", ())
    for _ in range(each):
        filed[lone.pop()] = Filed("", "key_missing", "unmatched", ())


def write_trade_tax(city: City, folder: Path, truth: CityTruth, *, dirt: bool) -> None:
    """Write the establishments at their addresses."""
    rng = city.frame.plan.random(72)
    zone = city.zone[: len(city.lots.lot)]
    numbered = np.flatnonzero(city.addresses.number != "")
    chance = rng.uniform(size=len(numbered))
    share = np.select(
        [zone[numbered] == Zone.INDUSTRY, np.isin(zone[numbered], (Zone.OLD_TOWN, Zone.CENTRE))],
        [1.0, 0.32],
        0.09,
    )
    some = numbered[chance < share]
    styles = list(STREET_STYLES)
    pick = rng.integers(0, len(styles), len(some))
    amount = np.round(np.exp(rng.normal(10.6, 1.3, len(some)))).astype(np.int64)
    rows, known = [], []
    for i, parcel in enumerate(some.tolist()):
        street = city.names[int(city.addresses.street[parcel])]
        style = styles[int(pick[i])] if dirt and i % 3 == 0 else "plain"
        text = STREET_STYLES[style](street, str(city.addresses.number[parcel]))
        kind = "" if style == "plain" else f"address_{style}"
        key: tuple[str, ...] = (str(city.key[parcel]),)
        if dirt and i % 97 == 11:
            text, kind, key = f"Postfach {1000 + i}", "address_post_box", ()
        elif dirt and i % 97 == 31:
            text, kind, key = f"{street} 9{i % 1000:03d}", "address_number_unknown", ()
        number = f"999/{5000 + i // 1000:04d}/{i % 1000:03d}{i % 9}"
        shared = "ja" if i % 13 == 0 else "nein"
        rows.append((number, firm(i + 1), text, euros(int(amount[i])), shared, "01.01.2025"))
        known.append((number, " ".join(key), "matched" if key else "unmatched", kind))
        if kind:
            truth.planted.append(
                Planted(kind, "trade_tax", number, text, "matched" if key else "unmatched", key)
            )
    write_table(folder / "trade_tax" / "gewerbesteuer.csv", TRADE_HEADER, rows, encoding="cp1252")
    write_table(
        folder / "truth" / "gewerbesteuer.csv",
        ("tax_number", "parcel_keys", "expected", "kind"),
        known,
        newline="\n",
    )
    n = len(rows)
    truth.registers["gewerbesteuer"] = Register(["trade_tax/gewerbesteuer.csv"], n, n)


def write_owners(city: City, folder: Path, truth: CityTruth) -> None:
    """Write who owns which parcel; every owner is a placeholder."""
    rng = city.frame.plan.random(73)
    n, lots = len(city.key), len(city.lots.lot)
    pair = rng.uniform(size=n)
    rows: list[tuple[str, str, str, str]] = []
    for i, key in enumerate(city.key):
        zone = int(city.zone[i])
        if i >= lots:
            kind = Kind(int(city.roads.kind[i - lots]))
            owner = (
                ("Musterbahn AG", "Andere Unternehmen")
                if kind is Kind.RAIL
                else ("Musterstadt (synthetisch)", "Gemeinde")
            )
            rows.append((str(key), *owner, "1/1"))
        elif zone in {Zone.PARK, Zone.CEMETERY, Zone.SCHOOL, Zone.SQUARE, Zone.ALLOTMENTS}:
            rows.append((str(key), "Musterstadt (synthetisch)", "Gemeinde", "1/1"))
        elif zone == Zone.CHURCH:
            rows.append((str(key), "Musterkirchengemeinde", "Kirche", "1/1"))
        elif zone == Zone.INDUSTRY:
            rows.append((str(key), firm(i + 1), "Andere Unternehmen", "1/1"))
        elif pair[i] < 0.4 and city.lots.lot[i] != Lot.ACCESS:
            rows += [(str(key), person(2 * i + k), "Natürliche Personen", "1/2") for k in (1, 2)]
        else:
            rows.append((str(key), person(2 * i + 1), "Natürliche Personen", "1/1"))
    write_table(
        folder / "alkis" / "eigentuemer.csv",
        ("flstkennz", "eigentuemertxt", "eigentuemerart", "anteil"),
        rows,
    )
    truth.registers["flurstueck_eigentuemer"] = Register(
        ["alkis/eigentuemer.csv"], len(rows), len(rows)
    )
