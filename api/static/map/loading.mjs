// Documents of this service, for a map.

export async function loadJson(address) {
  const answer = await fetch(address, { headers: { accept: "application/json, */*;q=0.1" } });
  if (!answer.ok) {
    throw new Error(`${address}: ${answer.status}`);
  }
  return answer.json();
}

// A page may be open under another name of this host than the one that documents name.
export function onThisHost(style) {
  const here = (address) => address.replace(/^https?:\/\/[^/]+/, location.origin);
  for (const source of Object.values(style.sources)) {
    source.tiles = source.tiles.map(here);
  }
  return { ...style, sprite: here(style.sprite), glyphs: here(style.glyphs) };
}

// One feature or many, each with its id as a property: maps know ids that are numbers only.
export function asCollection(document) {
  const features = document.type === "Feature" ? [document] : document.features;
  return {
    type: "FeatureCollection",
    features: features
      .filter((one) => one.geometry)
      .map(({ id, geometry }) => ({ type: "Feature", geometry, properties: { key: String(id) } })),
  };
}

// West, south, east, north; null where nothing has a place.
export function boundsOf(collection) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const widen = (part) => {
    if (typeof part[0] === "number") {
      box[0] = Math.min(box[0], part[0]);
      box[1] = Math.min(box[1], part[1]);
      box[2] = Math.max(box[2], part[0]);
      box[3] = Math.max(box[3], part[1]);
    } else {
      part.forEach(widen);
    }
  };
  for (const { geometry } of collection.features) {
    (geometry.geometries ?? [geometry]).forEach((one) => widen(one.coordinates));
  }
  return Number.isFinite(box[0]) ? box : null;
}
