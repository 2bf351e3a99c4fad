// The one feature that is chosen: marked on the map, in the table, and said below the map.

import { circle, LISTED } from "./listed.mjs";

const CHOSEN = "chosen";
const MARKED = "chosen";

export class Chosen {
  constructor(section, map, style) {
    this.section = section;
    this.map = map;
    this.titles = style.metadata["flurbuch:titles"];
    this.pen = style.metadata["flurbuch:subject"];
    [this.tiles] = Object.keys(style.sources);
    this.status = section.querySelector("[role=status]");
  }

  fromTable(key) {
    this.#markRow(key);
    this.#markOnMap({ source: LISTED }, ["==", ["get", "key"], key]);
    this.status.textContent = "";
  }

  fromMap(found) {
    this.#unmark();
    this.status.textContent = "";
    if (!found) {
      return;
    }
    const row = this.#markRow(found.key);
    if (this.map.getSource(LISTED)) {
      this.#markOnMap({ source: LISTED }, ["==", ["get", "key"], found.key]);
    } else {
      const place = { source: this.tiles, "source-layer": found.collection };
      this.#markOnMap(place, ["==", ["get", "feature_id"], found.key]);
    }
    this.#say(found, row);
  }

  #say({ collection, key }, row) {
    const link = document.createElement("a");
    link.href = `/collections/${collection}/items/${encodeURIComponent(key)}?f=html&lang=${document.documentElement.lang}`;
    link.textContent = key;
    this.status.append(`${this.section.dataset.chosen} ${this.titles[collection] ?? ""} `, link);
    if (row) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = this.section.dataset.toTable;
      button.addEventListener("click", () => row.querySelector("a").focus());
      this.status.append(" ", button);
    }
  }

  #markRow(key) {
    this.#unmark();
    const row = document.querySelector(`tr[data-feature="${CSS.escape(key)}"]`);
    row?.classList.add(MARKED);
    row?.setAttribute("aria-current", "true");
    return row;
  }

  #unmark() {
    for (const row of document.querySelectorAll(`tr.${MARKED}`)) {
      row.classList.remove(MARKED);
      row.removeAttribute("aria-current");
    }
    for (const kind of ["line", "circle"]) {
      if (this.map.getLayer(`${CHOSEN}-${kind}`)) {
        this.map.removeLayer(`${CHOSEN}-${kind}`);
      }
    }
  }

  #markOnMap(place, filter) {
    const { colour, width } = this.pen;
    const points = ["==", ["geometry-type"], "Point"];
    this.map.addLayer({
      id: `${CHOSEN}-line`,
      type: "line",
      ...place,
      filter: ["all", ["!", points], filter],
      paint: { "line-color": colour, "line-width": width * 1.5 },
    });
    this.map.addLayer({
      id: `${CHOSEN}-circle`,
      type: "circle",
      ...place,
      filter: ["all", points, filter],
      paint: circle("#ffffff", colour, 10),
    });
  }
}
