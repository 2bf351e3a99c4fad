// One map of a page: the cadastral map from vector tiles, and on it what the page is about.

import * as maplibre from "./maplibre/maplibre-gl.mjs";
import { asCollection, boundsOf, loadJson, onThisHost } from "./loading.mjs";
import { Chosen } from "./chosen.mjs";
import { addListed, pickable, showOnly } from "./listed.mjs";

maplibre.setWorkerUrl(new URL("./maplibre/maplibre-gl-worker.mjs", import.meta.url).href);

const FARTHEST = 8;
const NEAREST = 21;
const WHOLE = { padding: 32, maxZoom: 18, animate: false };

export async function drawMap(section) {
  const told = section.dataset;
  const [style, listed] = await Promise.all([
    loadJson(strong() ? told.strongStyle : told.mapStyle).then(onThisHost),
    told.features ? loadJson(told.features).then(asCollection) : null,
  ]);
  const [source] = Object.values(style.sources);
  const bounds = (listed && boundsOf(listed)) ?? told.bounds?.split(",").map(Number) ?? source.bounds;
  const map = new maplibre.Map({
    container: section.querySelector(".map-frame"),
    style,
    bounds,
    fitBoundsOptions: WHOLE,
    minZoom: FARTHEST,
    maxZoom: NEAREST,
    attributionControl: false, // stands below the map, as text
    cooperativeGestures: true, // the wheel scrolls the page
    dragRotate: false,
    maxPitch: 0,
    fadeDuration: still() ? 0 : 300,
    locale: spoken(told),
  });
  map.keyboard.disableRotation();
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibre.ScaleControl({ unit: "metric" }), "bottom-left");
  section.querySelector(".map-credits").textContent = style.metadata["flurbuch:credits"].join("; ");
  bindButtons(section, map, bounds);
  await styleLoaded(map);
  map.on("error", ({ error }) => console.warn(error)); // a tile that fails leaves the rest
  if (told.collection && !told.instead) {
    showOnly(map, style, told.collection, Boolean(listed));
  }
  if (listed) {
    addListed(map, listed, style.metadata["flurbuch:subject"]);
  }
  bindChoice(section, map, style, listed);
  await map.once("load");
  section.querySelector("[role=status]").textContent = told.ready;
  section.classList.add("drawn");
}

function bindButtons(section, map, bounds) {
  const deeds = {
    in: () => map.zoomIn({ animate: !still() }),
    out: () => map.zoomOut({ animate: !still() }),
    all: () => map.fitBounds(bounds, WHOLE),
  };
  for (const button of section.querySelectorAll("button[data-do]")) {
    button.addEventListener("click", deeds[button.dataset.do]);
  }
}

// What is chosen in the table is shown on the map, and the other way round.
function bindChoice(section, map, style, listed) {
  const chosen = new Chosen(section, map, style);
  map.on("click", (event) => {
    const found = pickable(map, event.point, section.dataset.collection, Boolean(listed));
    chosen.fromMap(found);
  });
  map.on("mousemove", (event) => {
    const found = pickable(map, event.point, section.dataset.collection, Boolean(listed));
    map.getCanvas().style.cursor = found ? "pointer" : "";
  });
  if (!listed) {
    return;
  }
  const places = new Map(listed.features.map((one) => [one.properties.key, one]));
  for (const row of document.querySelectorAll("tr[data-feature]")) {
    const place = places.get(row.dataset.feature);
    if (place) {
      const show = () => {
        chosen.fromTable(row.dataset.feature);
        bringIntoView(map, boundsOf({ features: [place] }));
      };
      row.addEventListener("focusin", show);
      row.addEventListener("click", show);
    }
  }
}

function bringIntoView(map, bounds) {
  const [west, south, east, north] = bounds;
  const seen = map.getBounds();
  const within = seen.contains([west, south]) && seen.contains([east, north]);
  if (!within || map.getZoom() < map.cameraForBounds(bounds, WHOLE).zoom - 4) {
    map.fitBounds(bounds, { ...WHOLE, maxZoom: 17 });
  }
}

function styleLoaded(map) {
  return new Promise((resolve, reject) => {
    map.once("style.load", resolve);
    map.once("error", ({ error }) => reject(error));
  });
}

function spoken(told) {
  return {
    "Map.Title": told.name,
    "CooperativeGesturesHandler.WindowsHelpText": told.wheel,
    "CooperativeGesturesHandler.MacHelpText": told.wheelMac,
    "CooperativeGesturesHandler.MobileHelpText": told.fingers,
  };
}

function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function strong() {
  return matchMedia("(prefers-contrast: more), (forced-colors: active)").matches;
}

