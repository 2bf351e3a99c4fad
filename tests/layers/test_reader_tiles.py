"""Tiles of the reader: to each role its own, never anything of another import or role."""

import dataclasses
import gzip

import pytest
from pydantic import ValidationError

from gis_core.errors import FlurbuchError, TileAddressError
from gis_core.store import Store
from gis_core.tiling import ADV_25832, MATRIX_SETS, tiles_of
from layers.access import CITIZEN, Actor
from layers.reader import open_reader, tiles
from layers.reader.tiles import TILE_ID, levels, tile_fields, tile_limits
from layers.spec import CollectionSpec
from tests.layers.test_reader import COLLECTIONS, POLICY, REGISTRY, WHY, import_layer, rows, songs
from tests.mvt_reading import read_tile

PLACE = (330_000.0, 5_690_000.0)


@pytest.fixture(scope="module")
def aviary(tmp_path_factory):
    """Return a data directory where every field of every layer holds its own canary."""
    root = tmp_path_factory.mktemp("aviary") / "data"
    with Store.open(root, create=True) as store:
        for layer in REGISTRY.layers:
            if layer != "terrain":
                import_layer(store, layer)
    return root


@pytest.fixture
def reader(aviary):
    opened = open_reader(aviary)
    yield opened
    opened.close()


def here(z=14):
    limits = ADV_25832.limits((*PLACE, *PLACE), z)
    return ADV_25832, z, limits.first_column, limits.first_row


def unpacked(tile):
    return read_tile(gzip.decompress(tile.content)) if tile.content else {}


@pytest.mark.parametrize("purpose", ["", WHY], ids=["no-purpose", "purpose"])
@pytest.mark.parametrize("role", POLICY.roles)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_tiles_hold_the_chosen_fields_that_a_role_may_read(reader, role, purpose, name):
    layer, spec = COLLECTIONS[name]
    actor = Actor(role, purpose)
    free = [
        f
        for f in spec.fields
        if f.name in spec.tiles and POLICY.allowed(actor, layer.id, f.access, name)
    ]
    try:
        found = unpacked(reader.tile(actor, [name], *here()))
    except FlurbuchError as error:
        said, shown = f"{error} {error.advice} {error.fields}", False
    else:
        said, shown = str([f.tags for f in found[name].features]), True
        assert {f.tags[TILE_ID] for f in found[name].features} <= {f"{name}-{i}" for i in range(3)}
    placed = spec.geometry != "none" and not spec.access.sealed and not spec.parts_of
    assert shown == (placed and POLICY.allowed(actor, layer.id, spec.access, name))
    assert {s for s in songs(name, spec.fields) if s in said} == songs(name, free if shown else [])


def test_a_tile_made_for_an_insider_is_not_given_to_others(aviary):
    reader = open_reader(aviary)
    layer, spec = COLLECTIONS["strassenschaden"]
    chosen = spec.model_copy(update={"tiles": ("category", "remark")})
    layers = {"road_damage": layer.model_copy(update={"collections": (chosen,)})}
    reader.registry = dataclasses.replace(reader.registry, layers=layers)
    inspector = Actor("road_inspector", WHY)
    seen = [reader.tile(a, [spec.id], *here()) for a in (inspector, CITIZEN, inspector)]
    fields = [{k for f in unpacked(t)[spec.id].features for k in f.tags} for t in seen]
    assert fields[0] == fields[2] == {TILE_ID, "category", "remark"}
    assert fields[1] == {TILE_ID, "category"}
    assert seen[0].key == seen[2].key != seen[1].key
    reader.close()


def test_what_is_read_with_a_purpose_cannot_be_chosen():
    spec = COLLECTIONS["baum"][1]
    with pytest.raises(ValidationError, match="in no tile"):
        CollectionSpec.model_validate(
            {**spec.model_dump(by_alias=True, exclude_defaults=True), "tiles": ["inspector"]}
        )
    with pytest.raises(ValidationError, match="no field is called"):
        CollectionSpec.model_validate(
            {**spec.model_dump(by_alias=True, exclude_defaults=True), "tiles": ["nothing"]}
        )


def test_an_import_makes_other_tiles_and_old_ones_are_kept_over_a_restart(tmp_path):
    root, folder = tmp_path / "data", tmp_path / "tiles"
    with Store.open(root, create=True) as store:
        import_layer(store, "trees")
        reader = open_reader(root, tile_folder=folder)
        before = reader.tile(CITIZEN, ["baum"], *here())
        reader.close()
        reader = open_reader(root, tile_folder=folder)
        assert reader.tile(CITIZEN, ["baum"], *here()) == before
        schema, frame, shapes = rows(COLLECTIONS["baum"][1])
        with store.stage("trees") as writer:
            writer.table(schema).append(frame.assign(feature_id=["a", "b", "c"]), shapes)
            writer.publish({}, None)
        after = reader.tile(CITIZEN, ["baum"], *here())
        assert after.key != before.key
        assert {f.tags[TILE_ID] for f in unpacked(after)["baum"].features} <= {"a", "b", "c"}
        reader.close()
    assert (folder / "tiles.sqlite").is_file()


def test_beyond_the_data_there_is_no_tile(reader):
    one, z, x, y = here()
    for place in ((z, x + 50, y), (z, x, y - 50), (levels(one)[0] - 1, 0, 0), (z + 1, x, y)):
        with pytest.raises(TileAddressError):
            reader.tile(CITIZEN, ["baum"], one, *place)


@pytest.mark.parametrize("one", MATRIX_SETS.values(), ids=MATRIX_SETS)
def test_what_is_too_small_to_be_seen_need_not_be_read(demo_store, monkeypatch, one):
    """Rows that are left out by the size of their box alone would have been lost in any case."""
    made = []
    for sure in (tiles._surely_lost, lambda _: 0.0):
        monkeypatch.setattr(tiles, "_surely_lost", sure)
        reader = open_reader(demo_store)
        views = reader.tiled_views(CITIZEN)
        made.append(
            [
                reader.tile(CITIZEN, None, one, tile.z, tile.x, tile.y).content
                for z in levels(one)[:4]
                for tile in tiles_of(tile_limits(views, one, z), one)
            ]
        )
        reader.close()
    assert made[0] == made[1]
    assert all(tile_fields(view) for view in views)
