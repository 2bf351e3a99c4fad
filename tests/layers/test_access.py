"""Who may read what: the handbook's table, cell by cell, and refusal everywhere else."""

import sqlite3
from contextlib import closing

import pytest

from gis_core.errors import StoreError
from layers.access import CITIZEN, Actor, Policy, link_access, load_policy
from layers.audit import AuditLog, Reading
from layers.errors import AccessError
from layers.registry import find_layers
from layers.spec import Access

POLICY = load_policy()
REGISTRY = find_layers()
WHY = "Az. 12/345"

# Who reads what, from the handbook: parcel, owner, property tax, trade tax, tree, tree inspection,
# inspector's name, damage, its remark, its reporter, grave, right holder, anonymous graves.
CELLS = {
    "parcel": ("alkis", "flurstueck", "public"),
    "building": ("alkis", "gebaeude_bauwerk", "public"),
    "owner": ("alkis", "flurstueck_eigentuemer", "personal"),
    "ptax": ("property_tax", "grundsteuer", "tax_secret"),
    "ttax": ("trade_tax", "gewerbesteuer", "tax_secret"),
    "tree": ("trees", "baum", "public"),
    "check": ("trees", "baum", "internal"),
    "checker": ("trees", "baum", "personal"),
    "damage": ("road_damage", "strassenschaden", "public"),
    "remark": ("road_damage", "strassenschaden", "internal"),
    "reporter": ("road_damage", "strassenschaden", "personal"),
    "grave": ("cemetery", "grab", "public"),
    "holder": ("cemetery", "grab", "personal"),
    "anonymous": ("cemetery", "grab_anonym", "personal"),
    "terrain": ("terrain", "", "public"),
}
OPEN = {"parcel", "building", "tree", "damage", "grave", "terrain"}
ROLES = {
    "citizen": OPEN,
    "planner": OPEN | {"owner", "check", "remark"},
    "property_tax_clerk": {"parcel", "building", "owner", "ptax", "tree", "terrain"},
    "trade_tax_clerk": {"parcel", "building", "ttax", "terrain"},
    "cadastre_clerk": {"parcel", "building", "owner", "tree", "grave", "terrain"},
    "tree_inspector": OPEN | {"check", "checker"},
    "road_inspector": {"parcel", "building", "tree", "terrain", "damage", "remark", "reporter"},
    "cemetery_clerk": {"parcel", "tree", "check", "grave", "holder", "anonymous", "terrain"},
    "order_desk": {"parcel", "building", "owner", "terrain"},
    "analyst": OPEN,
    "auditor": set(),
    "administrator": set(),
}


def may(actor, cell):
    layer, collection, access = CELLS[cell]
    return POLICY.allowed(actor, layer, Access(access), collection)


@pytest.mark.parametrize("role", ROLES)
def test_the_handbook_holds(role):
    assert {cell for cell in CELLS if may(Actor(role, WHY), cell)} == ROLES[role]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("purpose", ["", "  \t"])
def test_without_a_purpose_nobody_reads_secrets(role, purpose):
    secret = {c for c in CELLS if Access(CELLS[c][2]).sealed}
    assert {c for c in CELLS if may(Actor(role, purpose), c)} == ROLES[role] - secret


def test_every_role_is_in_the_table():
    assert ROLES.keys() == POLICY.roles.keys()


@pytest.mark.parametrize("role", POLICY.roles)
@pytest.mark.parametrize("access", [Access.INTERNAL, Access.PERSONAL, Access.TAX_SECRET])
def test_a_new_layer_shows_nobody_more_than_its_open_fields(role, access):
    assert not POLICY.allowed(Actor(role, WHY), "some_new_layer", access, "thing")


def test_who_asks_nothing_special_is_a_citizen():
    assert Actor() == CITIZEN
    assert POLICY.role(CITIZEN).reads == {"*": {Access.PUBLIC}}


@pytest.mark.parametrize("name", ["", "admin", "Citizen", "citizen ", "*"])
def test_an_unknown_role_is_refused(name):
    with pytest.raises(AccessError, match="no role is called"):
        POLICY.allowed(Actor(name, WHY), "alkis", Access.PUBLIC)


def test_a_city_adds_roles_and_the_closest_rule_counts(tmp_path):
    own = tmp_path / "roles.toml"
    own.write_text(
        "[roles.surveyor]\ntitle = { de = 'Vermessung', en = 'Surveyor' }\n[roles.surveyor.reads]\n"
        "'*' = ['public', 'internal']\nalkis = ['public']\n'alkis.nutzung' = []\n"
    )
    policy = load_policy([own])
    actor = Actor("surveyor", WHY)
    assert policy.allowed(actor, "trees", Access.INTERNAL, "baum")
    assert policy.allowed(actor, "alkis", Access.PUBLIC, "flurstueck")
    assert not policy.allowed(actor, "alkis", Access.INTERNAL, "flurstueck")
    assert not policy.allowed(actor, "alkis", Access.PUBLIC, "nutzung")
    assert policy.allowed(CITIZEN, "alkis", Access.PUBLIC, "nutzung")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[roles.x]\ntitle = {de='a', en='b'}\nreads = { alkis = ['all'] }", "tax_secret"),
        ("[roles.x]\ntitle = {de='a', en='b'}", "roles.x.reads"),
        ("[roles.x]\ntitle = {de='a', en='b'}\nreads = {}\nsuper = true", "roles.x.super"),
        ("[roles", "cannot be read"),
    ],
)
def test_a_faulty_file_of_roles_is_refused(tmp_path, text, named):
    own = tmp_path / "roles.toml"
    own.write_text(text)
    with pytest.raises(AccessError) as caught:
        load_policy([own])
    assert str(own) in str(caught.value)
    assert named in f"{caught.value} {caught.value.advice}"


def test_links_are_as_secret_as_what_they_rest_on():
    secrecy = {c.id: link_access(c) for _, c in REGISTRY.collections()}
    assert secrecy["baum"] is Access.PUBLIC
    assert secrecy["grundsteuer"] is Access.TAX_SECRET
    assert secrecy["flurstueck_eigentuemer"] is Access.PERSONAL
    _, trees = REGISTRY.collection("baum")
    stated = trees.model_copy(
        update={"relation": trees.relation.model_copy(update={"key": "inspector"})}
    )
    assert link_access(stated) is Access.PERSONAL


# -- the log ---------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path):
    opened = AuditLog(tmp_path)
    yield opened
    opened.close()


def reading(**changes):
    base = {
        "action": "frame",
        "layer": "property_tax",
        "collection": "grundsteuer",
        "classes": frozenset({Access.TAX_SECRET}),
        "question": "equals taxpayer Kanarie",
        "ids": ["5114-1"],
        "count": 1,
    }
    return Reading(**(base | changes))


def test_the_log_tells_who_why_and_what_but_not_the_question(tmp_path, log):
    log.record(Actor("property_tax_clerk", WHY, "n. n."), reading())
    log.record(CITIZEN, reading(ids=[str(i) for i in range(500)], count=500))
    first, second = (r.entry for r in log.entries(Actor("auditor"), POLICY))
    assert (first["name"], first["role"], first["purpose"]) == ("n. n.", "property_tax_clerk", WHY)
    assert (first["ids"], first["count"], first["classes"]) == (["5114-1"], 1, ["tax_secret"])
    assert (second["ids"], second["count"]) == ([], 500)
    assert b"Kanarie" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert log.first_break() is None


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"auditor"}))
def test_only_auditors_read_the_log(tmp_path, role):
    with pytest.raises(AccessError, match="access log"):
        AuditLog(tmp_path).entries(Actor(role, WHY), POLICY)


def test_a_log_that_cannot_be_written_is_an_error(tmp_path, log):
    log.record(CITIZEN, reading())
    with closing(sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)) as db:
        db.execute("DROP TABLE audit")
        db.execute("CREATE VIEW audit AS SELECT 1 AS number, '' AS chain")
    with pytest.raises(StoreError, match="access log"):
        log.record(CITIZEN, reading())


def test_a_policy_without_roles_refuses_everybody():
    with pytest.raises(AccessError):
        Policy({}).allowed(CITIZEN, "alkis", Access.PUBLIC)
