"""Many at once get what each alone would get."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.api.public import PUBLIC
from tests.demo import serving


def comparable(answer):
    text = answer.text
    if answer.headers["content-type"] == "application/geo+json":
        document = answer.json()
        document.pop("timeStamp", None)
        text = repr(document)
    return answer.status_code, text


def test_many_at_once_from_the_first_request_on(demo_store, demo_city):
    key = demo_city.truth.showcase_parcel
    paths = [f"/collections/{c}/items?limit=20&offset={7 * i}" for c in PUBLIC for i in range(3)]
    paths += [f"/collections/{c}" for c in PUBLIC]
    paths += ["/", "/collections", "/openapi", f"/parcels/{key}", "/find?q=Weg", "/healthz"]
    paths += ["/collections/baum/items?bbox=6.57,51.33,6.58,51.34&limit=50", "/nope"]
    with serving(demo_store) as url:

        def ask(path):
            with httpx.Client(base_url=url, timeout=60) as client:
                return comparable(client.get(path))

        with ThreadPoolExecutor(12) as crowd:
            together = list(crowd.map(ask, paths * 2))
        alone = [ask(path) for path in paths]
    assert together == alone * 2
    assert {status for status, _ in alone} == {200, 404}
