// Reads a MapLibre style from the standard input, writes what is wrong with it as a JSON list.
import { readFileSync } from "node:fs";
import { validateStyleMin } from "@maplibre/maplibre-gl-style-spec";

const style = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(validateStyleMin(style).map((error) => error.message)));
