// Draws every layer of a TileJSON document, `maplibre.html?URL#ZOOM`, and says what it has drawn.
import * as maplibregl from './node_modules/maplibre-gl/dist/maplibre-gl.mjs';

const url = decodeURIComponent(location.search.slice(1));
const tiles = await (await fetch(url)).json();
const [west, south, east, north] = tiles.bounds;
const drawn = (type, paint) => (layer) => ({
  id: `${layer.id}-${type}`, type, source: 'city', 'source-layer': layer.id, paint,
});
const kinds = [
  drawn('fill', { 'fill-color': '#7a9', 'fill-opacity': 0.3 }),
  drawn('line', { 'line-color': '#234' }),
  drawn('circle', { 'circle-radius': 2, 'circle-color': '#a33' }),
];
window.faults = [];
const map = new maplibregl.Map({
  container: 'map',
  center: [(west + east) / 2, (south + north) / 2],
  zoom: Number(location.hash.slice(1)),
  attributionControl: false,
  style: {
    version: 8,
    sources: { city: { type: 'vector', url } },
    layers: tiles.vector_layers.flatMap((layer) => kinds.map((kind) => kind(layer))),
  },
});
map.on('error', (event) => window.faults.push(String(event.error)));
map.once('idle', () => {
  const ids = {};
  for (const { id } of tiles.vector_layers) {
    const found = map.querySourceFeatures('city', { sourceLayer: id });
    ids[id] = [...new Set(found.map((feature) => feature.properties.feature_id))].sort();
  }
  const { _sw: low, _ne: high } = map.getBounds();
  window.drawn = { ids, rendered: map.queryRenderedFeatures().length, low, high };
});
