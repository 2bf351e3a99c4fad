"""Municipality profiles: what differs from city to city, as data."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from gis_core.crs_names import resolve_crs
from gis_core.districts import DistrictCatalogue
from gis_core.errors import UnknownCRSError
from gis_core.fabric_quality import AreaBound
from gis_core.keys import AlkisKeys, KeyScheme, TextKeys
from layers.errors import MunicipalityError
from layers.spec import Title
from layers.toml_file import read_toml

BUILT_IN = Path(__file__).resolve().parent / "municipalities"
CATALOGUES = Path(__file__).resolve().parents[1] / "gis_core" / "catalogues"

Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]*$")]
Box = tuple[float, float, float, float]


class BoundEntry(BaseModel):
    """The table ``area_bound`` of a profile: a · √A + b · A, in m²."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: float = Field(default=AreaBound().a, ge=0, le=100)
    b: float = Field(default=AreaBound().b, ge=0, le=1)


class Profile(BaseModel):
    """A profile as its file states it.

    ``catalogue`` is the name of a shipped catalogue of districts, or the path of one:
    TOML of our form or the JSON list of North Rhine-Westphalia, relative to the profile.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    name: str
    title: Title
    code: str = ""
    state_code: Digits = ""
    catalogue: str = ""
    key_scheme: Literal["alkis", "text"]
    storage_crs: int = Field(ge=1024, le=999_999)
    window: Box
    area_bound: BoundEntry = BoundEntry()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Profile":
        xmin, ymin, xmax, ymax = self.window
        if not (xmin < xmax and ymin < ymax):
            raise ValueError("window must be xmin, ymin, xmax, ymax")
        if self.key_scheme == "alkis" and not self.catalogue:
            raise ValueError("ALKIS keys need a catalogue of districts")
        return self

    @field_validator("storage_crs")
    @classmethod
    def _measures_in_metres(cls, code: int) -> int:
        try:
            crs = resolve_crs(code)
        except UnknownCRSError as fault:
            raise ValueError(str(fault)) from fault
        if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
            raise ValueError(f"{crs.name} is not projected in metres")
        return code


@dataclass(frozen=True)
class Municipality:
    """A municipality: its names, its key scheme, its storage CRS and plausible coordinates.

    ``area_bound`` says by how much official and drawn areas may differ without a word.
    """

    id: str
    name: str
    title: Title
    code: str
    state_code: str
    keys: KeyScheme
    storage_crs: int
    window: Box
    area_bound: AreaBound = field(default_factory=AreaBound)


def load_municipality(municipality_id: str, folders: Iterable[Path] = ()) -> Municipality:
    """Load a built-in profile, or one from the folder ``municipalities`` of a layer folder.

    Raises
    ------
    MunicipalityError
        No such profile (the message names those there are), or its file is faulty.
    """
    places = (BUILT_IN, *(folder / BUILT_IN.name for folder in folders))
    files = {p.stem: p for place in places for p in sorted(place.glob("*.toml"))}
    path = files.get(municipality_id)
    if path is None:
        raise MunicipalityError(
            f"no profile of a municipality {municipality_id!r} is known",
            advice=f"Known: {', '.join(sorted(files))}. A profile is a TOML file in the folder "
            "municipalities of one of your layer folders.",
            municipality=municipality_id,
        )
    profile = read_toml(path, Profile, MunicipalityError)
    if profile.id != municipality_id:
        raise MunicipalityError(
            f"{path}: id is {profile.id!r}, expected {municipality_id!r} as the file is called",
            file=str(path),
        )
    return Municipality(
        id=profile.id,
        name=profile.name,
        title=profile.title,
        code=profile.code,
        state_code=profile.state_code,
        keys=_keys(profile, path),
        storage_crs=profile.storage_crs,
        window=profile.window,
        area_bound=AreaBound(profile.area_bound.a, profile.area_bound.b),
    )


def _keys(profile: Profile, path: Path) -> KeyScheme:
    if profile.key_scheme == "text":
        return TextKeys()
    return AlkisKeys(load_catalogue(profile.catalogue, relative_to=path.parent))


def load_catalogue(name: str, *, relative_to: Path) -> DistrictCatalogue:
    """Load a shipped catalogue by name, or one by its path.

    Raises
    ------
    MunicipalityError
        There is no such file.
    DistrictCatalogueError
        The file is faulty.
    """
    shipped = CATALOGUES / f"{name}.toml"
    path = shipped if shipped.is_file() else relative_to / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        known = ", ".join(sorted(p.stem for p in CATALOGUES.glob("*.toml")))
        raise MunicipalityError(
            f"the catalogue of districts {name!r} cannot be read: {fault}",
            advice=f"Shipped: {known}. Otherwise give the path of a TOML or JSON file.",
            catalogue=name,
        ) from fault
    if path.suffix == ".json":
        return DistrictCatalogue.from_nrw_json(text)
    return DistrictCatalogue.from_toml(text)
