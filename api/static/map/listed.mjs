// What a page lists, drawn over the map; and what lies under the pointer.

export const LISTED = "listed";
const REACH_PX = 6;

const AREAS = ["==", ["geometry-type"], "Polygon"];
const POINTS = ["==", ["geometry-type"], "Point"];

// `subject` is the pen of the catalogue for what a map is about: colour, width in pixels.
export function addListed(map, collection, subject) {
  const { colour, width } = subject;
  map.addSource(LISTED, { type: "geojson", data: collection });
  map.addLayer({
    id: `${LISTED}-area`,
    type: "fill",
    source: LISTED,
    filter: AREAS,
    paint: { "fill-color": colour, "fill-opacity": 0.15 },
  });
  map.addLayer({
    id: `${LISTED}-line`,
    type: "line",
    source: LISTED,
    filter: ["!", POINTS],
    paint: { "line-color": colour, "line-width": width / 2 },
  });
  map.addLayer({
    id: `${LISTED}-point`,
    type: "circle",
    source: LISTED,
    filter: POINTS,
    paint: circle(colour, "#ffffff", 6),
  });
}

// Leaves the ground and one collection; without a list of its features, all of them are marked.
export function showOnly(map, style, collection, listed) {
  const ground = style.metadata["flurbuch:ground"];
  for (const layer of style.layers) {
    const name = layer["source-layer"];
    if (name && name !== collection && !ground.includes(name)) {
      map.setLayoutProperty(layer.id, "visibility", "none");
    }
  }
  if (listed || ground.includes(collection)) {
    return;
  }
  const { colour, width } = style.metadata["flurbuch:subject"];
  const [source] = Object.keys(style.sources);
  const place = { source, "source-layer": collection };
  map.addLayer({
    id: "marked-line",
    type: "line",
    ...place,
    filter: ["!", POINTS],
    paint: { "line-color": colour, "line-width": width / 2 },
  });
  map.addLayer({
    id: "marked-point",
    type: "circle",
    ...place,
    filter: POINTS,
    paint: { "circle-color": colour, "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 1.5, 18, 5] },
  });
}

export function circle(colour, rim, radius) {
  return {
    "circle-color": colour,
    "circle-radius": radius,
    "circle-stroke-color": rim,
    "circle-stroke-width": 2,
  };
}

// Returns the topmost feature at a point that has a page of its own: {collection, key}, or null.
export function pickable(map, point, collection, listedOnly) {
  const box = [
    [point.x - REACH_PX, point.y - REACH_PX],
    [point.x + REACH_PX, point.y + REACH_PX],
  ];
  const precise = (where) => map.queryRenderedFeatures(where).filter(
    (one) => (listedOnly ? one.source === LISTED : one.properties.feature_id !== undefined),
  );
  const fits = (one) => listedOnly || !collection || one.sourceLayer === collection;
  const found = precise(point).find(fits) ?? precise(box).find(fits);
  if (!found) {
    return null;
  }
  return listedOnly
    ? { collection, key: found.properties.key }
    : { collection: found.sourceLayer, key: found.properties.feature_id };
}
