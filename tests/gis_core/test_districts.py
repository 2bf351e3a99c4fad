"""District catalogues: Krefeld's own, a whole state's, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_core.districts import DistrictCatalogue, parse_sections
from gis_core.errors import DistrictCatalogueError
from gis_core.keys import format_key, read_key
from gis_core.numerals import digits_for_words

KREFELD = Path(__file__).parents[2] / "gis_core" / "catalogues" / "krefeld.toml"


@pytest.fixture(scope="module")
def krefeld():
    return DistrictCatalogue.from_toml(KREFELD.read_text("utf-8"))


@pytest.fixture(scope="module")
def nrw_text(shared_data):
    path = shared_data / "gemarkungen" / "katasteraemter-gemarkungen-fluren-nrw.json"
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def nrw(nrw_text):
    return DistrictCatalogue.from_nrw_json(nrw_text)


def test_krefeld_has_11_districts_with_320_sections(krefeld):
    inside = [d for d in krefeld.districts if d.municipality]
    assert len(inside) == 11
    assert sum(len(d.sections) for d in inside) == 320


def test_sections_have_gaps(krefeld):
    verberg = "053048"
    assert [s for s in range(1000) if krefeld.has_section(verberg, s)] == [7, 8]
    assert not krefeld.has_section("059999", 7)


@pytest.mark.parametrize(
    "name", ["Hüls", "HÜLS", "huels", "Hu\u0308ls", "Krefeld-Hüls", "Stadt Krefeld, Hüls"]
)
def test_names_are_compared_folded(krefeld, name):
    assert [d.key for d in krefeld.by_name(name)] == ["053244"]


def test_a_neighbour_is_known_but_outside(krefeld):
    assert [d.municipality for d in krefeld.by_name("St. Tönis")] == [False]


def test_similar_names_are_suggested(krefeld):
    assert [d.name for d in krefeld.similar_names("Uerdigen")] == ["Uerdingen"]


def test_the_section_table_says_the_same_one_by_one(krefeld):
    table = krefeld.section_table
    assert table.sum() == 320
    assert table[3048, 7]
    assert not table[3048, 3]
    assert not table[3246].any(), "a neighbour's parcels are not the municipality's"


@given(st.frozensets(st.integers(1, 999)))
def test_ranges_and_lone_numbers_give_the_same_sections(sections):
    assert parse_sections(",".join(map(str, sections))) == sections
    runs = [f"{min(sections)}-{max(sections)}"] if sections else []
    whole = frozenset(range(min(sections), max(sections) + 1)) if sections else frozenset()
    assert parse_sections(", ".join(runs)) == whole


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("state_code = 5\ndistrict = []", "state_code 5", id="number-not-text"),
        pytest.param(
            'state_code = "05"\ndistrict = []\nhas_sections = "no"',
            "true or false",
            id="text-not-truth",
        ),
        pytest.param('state_code = "05"', "no entry 'district'", id="no-districts"),
        pytest.param('state_code = "05"\ndistrict = []\nflur = 1', "'flur'", id="unknown-entry"),
        pytest.param(
            'state_code = "05"\ndistrict = [{ key = "3049", name = "Krefeld" }]',
            "six digits",
            id="key-without-state",
        ),
        pytest.param(
            'state_code = "05"\n'
            'district = [{ key = "053049", name = "A" }, { key = "053049", name = "B" }]',
            "given twice",
            id="key-given-twice",
        ),
        pytest.param(
            'state_code = "05"\n'
            'district = [{ key = "053049", name = "Krefeld", sections = "9-5" }]',
            "rising range",
            id="falling-range",
        ),
        pytest.param("district = [", "cannot read", id="not-toml"),
    ],
)
def test_a_faulty_catalogue_is_refused(text, complaint):
    with pytest.raises(DistrictCatalogueError, match=complaint):
        DistrictCatalogue.from_toml(text)


@pytest.mark.parametrize("text", ["[]", "{", '{"Krefeld": {"Hüls (3244)": {"fluren": ["x"]}}}'])
def test_a_faulty_state_list_is_refused(text):
    with pytest.raises(DistrictCatalogueError, match="JSON list"):
        DistrictCatalogue.from_nrw_json(text)


@pytest.mark.real
class TestWholeState:
    def test_it_has_53_offices_2903_districts_50654_sections(self, nrw):
        assert len({d.office for d in nrw.districts}) == 53
        assert len(nrw.districts) == 2_903
        assert sum(len(d.sections) for d in nrw.districts) == 50_654

    def test_krefelds_own_catalogue_agrees(self, krefeld, nrw):
        for district in krefeld.districts:
            in_state = nrw.district(district.key)
            assert (district.name, district.office) == (in_state.name, in_state.office)
            if district.municipality:
                assert district.sections == in_state.sections

    def test_a_homonym_is_ambiguous_and_lists_who_could_be_meant(self, nrw):
        reading = read_key("Gemarkung Frohnhausen, Flur 2, Flurstück 7", nrw)
        assert (reading.key, reading.problem) == (None, "ambiguous-district")
        assert set(reading.candidates) <= {
            f"05{number}00200007______" for number in ("3448", "2345", "1650", "1932")
        }
        assert len(reading.candidates) > 1
        assert "3448 Essen" in reading.message

    def test_the_district_number_settles_it(self, nrw):
        reading = read_key("Gemarkung Frohnhausen (3448), Flur 2, Flurstück 7", nrw)
        assert reading.key == "05344800200007______"

    def test_one_office_inside_prefers_its_own_homonym(self, nrw_text):
        essen = DistrictCatalogue.from_nrw_json(nrw_text, office="Essen")
        reading = read_key("Frohnhausen, Flur 2, 7", essen)
        assert reading.key == "05344800200007______"
        assert reading.warnings == ("name-elsewhere",)
        assert read_key("3049-12-7", essen).problem == "outside-municipality"

    def test_an_unknown_office_is_refused_with_the_list(self, nrw_text):
        with pytest.raises(DistrictCatalogueError, match="Entenhausen") as error:
            DistrictCatalogue.from_nrw_json(nrw_text, office="Entenhausen")
        assert "Krefeld" in error.value.advice

    def test_every_district_is_read_back_from_its_label_and_from_speech(self, nrw):
        for district in nrw.districts:
            key = f"{district.key}{min(district.sections):03}000420007__"
            assert digits_for_words(district.name) == district.name
            for style in ("label", "spoken"):
                for lang in ("de", "en"):
                    written = format_key(key, style, nrw, lang)
                    assert read_key(written, nrw).key == key, written
