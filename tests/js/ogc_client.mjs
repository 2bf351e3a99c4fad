// Reads everything of a service with @camptocamp/ogc-client: `node ogc_client.mjs URL`.
import { OgcApiEndpoint } from '@camptocamp/ogc-client';

const PAGE = 300;
const endpoint = new OgcApiEndpoint(process.argv[2]);

async function whole(collection) {
  const items = [];
  for (;;) {
    const page = await endpoint.getCollectionItems(collection, PAGE, items.length);
    items.push(...page);
    if (page.length < PAGE) return items;
  }
}

const found = {
  title: (await endpoint.info).title,
  features: await endpoint.featureCollections,
  records: await endpoint.recordCollections,
  tiles: await endpoint.vectorTileCollections,
  items: {},
  one: {},
  tilesets: {},
  narrowed: {},
};
for (const name of [...found.features, ...found.records]) {
  const items = (found.items[name] = await whole(name));
  found.one[name] = await endpoint.getCollectionItem(name, items[0].id);
}
for (const name of found.features) {
  const { extent } = await endpoint.getCollectionInfo(name);
  const asked = { asJson: true, limit: 5, extent: extent.spatial.bbox[0], properties: [] };
  const answer = await fetch(await endpoint.getCollectionItemsUrl(name, asked));
  found.narrowed[name] = await answer.json();
}
for (const name of found.tiles) {
  found.tilesets[name] = await endpoint.getVectorTilesetUrl(name, 'WebMercatorQuad');
}
process.stdout.write(JSON.stringify(found));
