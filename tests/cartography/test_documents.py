"""The finished PDF: tagged, in words, the same bytes twice, no matter what the data say."""

import subprocess
import sys

import numpy as np
import pytest

from cartography.compose import draw_map
from cartography.describe import describe
from cartography.errors import CrowdedSheetError, EmptySheetError, SheetError
from cartography.flurkarte import check_scale, flurkarte
from cartography.messages import messages
from cartography.scene import Scene
from cartography.sheet import Orientation, Sheet
from cartography.style import default_catalogue
from tests.cartography import pdf_probe as probe
from tests.cartography.worlds import EAST, IMPRINT, NORTH, box, parcels, quarter


@pytest.fixture(scope="module", params=["de", "en"])
def printed(request):
    sheet, scene = quarter()
    return request.param, sheet, scene, flurkarte(sheet, scene, request.param)


def test_the_map_has_its_words_as_alternative_text(printed):
    lang, _, scene, data = printed
    pdf, words = probe.open_pdf(data), messages(lang)
    said = describe(scene, draw_map(scene, default_catalogue(), words), words)
    assert said.text in probe.alternatives(pdf)
    assert str(pdf.Root.Lang)[:2] == lang
    assert bool(pdf.Root.MarkInfo.Marked)
    assert "/StructTreeRoot" in pdf.Root
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)


def test_it_claims_both_standards(printed):
    with probe.open_pdf(printed[3]).open_metadata() as about:
        assert (about["pdfaid:part"], about["pdfaid:conformance"]) == ("2", "A")
        assert about["pdfuaid:part"] == "1"
        assert about["dc:title"]


def test_headings_and_the_table_are_tagged(printed):
    kinds = probe.kinds(probe.open_pdf(printed[3]))
    assert kinds.count("H1") == 2
    assert kinds.index("H1") < kinds.index("Figure") < kinds.index("Table")
    rows = draw_map(printed[2], default_catalogue(), messages("de")).drawn["parcel"]
    assert kinds.count("TH") == 6
    assert kinds.count("TR") == rows + 1
    assert kinds.count("L") == 3  # the legend, column by column


def test_every_picture_has_an_alternative(printed):
    pdf = probe.open_pdf(printed[3])
    figures = [e for e in probe.elements(pdf) if e.S == "/Figure"]
    assert figures
    assert all(str(e.Alt) for e in figures)


def test_text_can_be_read_and_searched(printed):
    pages = probe.text_of(printed[3])
    assert "Röttgen" in pages[0].replace("\r\n", "")
    assert any("Große" in p or "Straße" in p for p in pages[1:])
    scene = printed[2]
    key = str(scene.parcels.key[scene.subject])
    assert any(key in page for page in pages[1:])


def test_all_fonts_are_ours_and_embedded(printed):
    pdf = probe.open_pdf(printed[3])
    names = set()
    for page in pdf.pages:
        for font in page.Resources.get("/Font", {}).values():
            names.add(str(font.BaseFont).split("+")[-1])
            (below,) = font.DescendantFonts
            assert any(k.startswith("/FontFile") for k in dict(below.FontDescriptor))
            assert "/ToUnicode" in font
    assert names
    assert all(name.startswith("FlurbuchSans") for name in names)


def test_the_same_order_gives_the_same_bytes(printed):
    lang, sheet, scene, data = printed
    assert flurkarte(sheet, scene, lang) == data


def test_another_process_gives_the_same_bytes():
    code = (
        "import hashlib; from tests.cartography.worlds import quarter;"
        "from cartography.flurkarte import flurkarte;"
        "print(hashlib.sha256(flurkarte(*quarter())).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


NASTY = [
    "#panic() $x$ *stark* `roh` @label <tag> \\ // Kommentar",
    "</text><script>alert(1)</script>",
    "{{7*7}} %s {n}",
    "\x00\x07\ud800 Nullzeichen",
    "שלום 漢字 🌳",
    "x" * 10_000,
    "zwei\nZeilen\u2028drei",
    "",
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_whatever_the_data_say_is_only_text(text):
    sheet = Sheet("A4", Orientation.PORTRAIT, 1000, (EAST + 20, NORTH + 20))
    scene = Scene(
        frame=sheet.frame,
        parcels=parcels(
            [box(0, 0, 40, 30), box(0, 30, 40, 8)],
            ["12/3", "13"],
            use=[text, "Straßenverkehr"],
            address=[text, text],
            street=["", text],
            district=[text, text],
        ),
        imprint=IMPRINT,
        subject=0,
    )
    data = flurkarte(sheet, scene)
    assert data.startswith(b"%PDF")
    assert "script" not in {k.lower() for k in probe.kinds(probe.open_pdf(data))}


def test_a_crowded_sheet_is_refused_with_a_scale_that_works():
    edges = np.arange(0, 120, 1.5)
    ground = [box(x, y, 1.5, 1.5) for x in edges for y in edges]
    sheet = Sheet("A4", Orientation.PORTRAIT, 2000, (EAST + 60, NORTH + 60))
    scene = Scene(sheet.frame, parcels(ground, range(1, len(ground) + 1)), IMPRINT)
    with pytest.raises(CrowdedSheetError, match="mm²") as refused:
        flurkarte(sheet, scene)
    assert "1:600" in refused.value.advice


def test_an_empty_sheet_is_refused():
    sheet = Sheet("A4", Orientation.PORTRAIT, 1000, (EAST + 9000, NORTH))
    with pytest.raises(EmptySheetError):
        flurkarte(sheet, Scene(sheet.frame, parcels([box(0, 0, 9, 9)], ["1"]), IMPRINT))


@pytest.mark.parametrize("scale", [0, 750, 100_000])
def test_a_scale_that_is_not_offered_is_refused(scale):
    with pytest.raises(SheetError, match=str(scale)) as refused:
        check_scale(scale)
    assert "1:1000" in refused.value.advice


def test_an_unknown_format_is_refused():
    with pytest.raises(SheetError, match="A5"):
        Sheet("A5", Orientation.PORTRAIT, 1000, (0, 0))
