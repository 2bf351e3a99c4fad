"""Page or data, German or English: by the address, else by what the client accepts."""

import pytest

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PATHS = ["/", "/collections", "/collections/baum", "/collections/baum/items", "/conformance"]


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        pytest.param(CHROME, True, id="browser"),
        pytest.param("*/*", False, id="curl"),
        pytest.param("", False, id="nothing"),
        pytest.param("application/json", False, id="json"),
        pytest.param("application/geo+json, application/json;q=0.9", False, id="gdal"),
        pytest.param("text/html;q=0.5, application/json", False, id="weights"),
        pytest.param("text/html, application/json;q=0.9", True, id="weights-turned"),
        pytest.param("text/html;q=0, */*", False, id="no-pages"),
        pytest.param("image/png, */*;q=0.1", False, id="anything-else"),
        pytest.param("application/*", False, id="any-data"),
        pytest.param("text/*", True, id="any-text"),
    ],
)
def test_by_what_is_accepted(client, accept, html):
    for path in PATHS:
        answer = client.get(path, headers={"accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html") is html
        assert {"Accept", "Accept-Language"} <= set(answer.headers["vary"].split(", "))


@pytest.mark.parametrize("accept", ["image/png", "application/xml", "text/html;q=0", "nonsense"])
def test_what_nobody_can_answer_is_refused(client, accept):
    for path in PATHS:
        answer = client.get(path, headers={"accept": accept, "accept-language": "en"})
        assert answer.status_code == 406
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("not-acceptable")
    assert client.get("/collections?f=json", headers={"accept": accept}).status_code == 200


def test_the_address_wins(client):
    assert "json" in client.get("/?f=json", headers={"accept": CHROME}).headers["content-type"]
    assert "html" in client.get("/?f=html", headers={"accept": "*/*"}).headers["content-type"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "de"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.9", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.3,de;q=0.2", "en"),
        ("fr", "de"),
        ("en;q=0,de", "de"),
        ("*", "de"),
    ],
)
def test_by_the_language_accepted(client, accepted, language):
    for form in ("json", "html"):
        headers = {"accept-language": accepted}
        answer = client.get("/collections/baum", params={"f": form}, headers=headers)
        assert answer.headers["content-language"] == language
        assert ("Bäume" in answer.text) is (language == "de")
    asked = client.get("/collections/baum?lang=en", headers={"accept-language": "de"})
    assert asked.json()["title"] == "Trees"


def test_an_error_comes_in_the_form_and_language_asked_for(client):
    page = client.get("/collections/nope", headers={"accept": CHROME, "accept-language": "en"})
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such data layer." in page.text
    data = client.get("/collections/nope?lang=de")
    assert data.json()["title"] == "Diese Datenebene gibt es nicht."
    refused = client.get("/?f=xml", headers={"accept": CHROME})
    assert refused.headers["content-type"] == "application/problem+json"
