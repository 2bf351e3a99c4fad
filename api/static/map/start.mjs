// Draws the maps of a page when they come into view. Without scripts, or without this file, the page
// has no map and lacks nothing: all that a map shows stands in tables.

const LOOK_AHEAD = "200px";

for (const section of document.querySelectorAll("section[data-map]")) {
  const opener = document.querySelector(`[aria-controls="${section.id}"]`);
  if (opener) {
    beOpenedBy(opener, section);
  } else {
    section.hidden = false;
    whenInView(section, () => draw(section));
  }
}

function whenInView(element, then) {
  const watcher = new IntersectionObserver(
    (seen) => {
      if (seen.some((one) => one.isIntersecting)) {
        watcher.disconnect();
        then();
      }
    },
    { rootMargin: LOOK_AHEAD },
  );
  watcher.observe(element);
}

// A button shows the map in place of a drawing, and the drawing again.
function beOpenedBy(button, section) {
  const drawing = document.getElementById(section.dataset.instead);
  let drawn = false;
  button.hidden = false;
  button.addEventListener("click", () => {
    section.hidden = !section.hidden;
    drawing.hidden = !section.hidden;
    button.setAttribute("aria-expanded", String(!section.hidden));
    if (!section.hidden && !drawn) {
      drawn = true;
      draw(section);
    }
  });
}

async function draw(section) {
  const status = section.querySelector("[role=status]");
  status.textContent = section.dataset.loading;
  try {
    const [{ drawMap }] = await Promise.all([import("./region.mjs"), styled()]);
    await drawMap(section);
  } catch (error) {
    console.warn(error);
    section.classList.add("failed");
    status.textContent = section.dataset.failed;
  }
}

let sheet = null;

function styled() {
  sheet ??= new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("./maplibre/maplibre-gl.css", import.meta.url).href;
    link.onload = resolve;
    link.onerror = reject;
    document.head.prepend(link);
  });
  return sheet;
}
