// Fetches a sprite pack and makes pictures of its layers: groups of an SVG drawing, and PNG files.

import { PLAIN, layerNames, plainManifest, readManifest } from "./manifest.js";
import { surface } from "./patches.js";

const PACKS = "/overlay/packs/";
const BUILTIN = "alisa";
const MANIFEST = "manifest.json";
const SVG = "http://www.w3.org/2000/svg";
const LARGEST_SIDE = 4096;
const COPY = 96; // cells to each side of a small copy of a picture
const WHOLE_FIGURE = 0.5; // a plain picture that covers this share of what the first one covers shows the whole figure

// The pack called `name`, or the one she wears where there is none; the built-in one where that one is broken.
export async function loadPack(name, token) {
  const fetched = fetcher(token);
  const { packs, default: worn } = await (await fetched("")).json();
  if (name && !packs.includes(name)) {
    console.info(`There is no sprite pack “${name}”, so she wears “${worn}”.`);
  }
  const chosen = packs.includes(name) ? name : worn;
  try {
    return await loadFrom(chosen, fetched);
  } catch (error) {
    console.info(`The sprite pack “${chosen}” can't be used: ${error.message}. She wears “${BUILTIN}”.`);
    return loadFrom(BUILTIN, fetched);
  }
}

// A `fetch` for what lies below the address of the packs; throws when it is refused.
function fetcher(token) {
  const headers = token ? { Authorization: `Bearer ${bytesOf(token.plain)}` } : {};
  return async (path) => {
    const answer = await fetch(PACKS + path, { headers });
    if (!answer.ok) {
      throw new Error(`“${decodeURIComponent(path) || "the list of packs"}” was answered with ${answer.status}`);
    }
    return answer;
  };
}

// A header may hold bytes only: the letters of the UTF-8 form.
function bytesOf(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

async function loadFrom(name, fetched) {
  const inPack = (file) => fetched([name, ...file.split("/")].map(encodeURIComponent).join("/"));
  const { files } = await (await inPack("")).json();
  return files.includes(MANIFEST) ? loadLayered(inPack) : loadPlain(files, inPack);
}

async function loadLayered(inPack) {
  const manifest = readManifest(await (await inPack(MANIFEST)).json());
  const names = [...layerNames(manifest)];
  const drawings = manifest.art ? groupsOf(await (await inPack(manifest.art)).text(), manifest.canvas) : new Map();
  const layers = names.map(async (name) => {
    if (!name.toLowerCase().endsWith(".png") && !drawings.has(name)) {
      throw new Error(`the layer “${name}” is not in “${manifest.art}”`);
    }
    const picture = await pictureOf(drawings.get(name) ?? (await (await inPack(name)).blob()));
    return [name, { picture, box: boxOf(picture, manifest.canvas) }];
  });
  return { manifest, layers: new Map(await Promise.all(layers)) };
}

async function loadPlain(files, inPack) {
  const stems = PLAIN.filter((stem) => files.includes(`${stem}.png`));
  if (!stems.length) {
    throw new Error("it has neither a manifest nor pictures like “base.png”");
  }
  const load = async (stem) => pictureOf(await (await inPack(`${stem}.png`)).blob());
  const pictures = await Promise.all(stems.map(load));
  const needed = coverage(pictures[0]) * WHOLE_FIGURE;
  const whole = new Map(stems.map((stem, index) => [stem, coverage(pictures[index]) >= needed]));
  const canvas = [pictures[0].naturalWidth, pictures[0].naturalHeight];
  return {
    manifest: plainManifest(canvas, whole),
    layers: new Map(
      pictures.map((picture, index) => [`${stems[index]}.png`, { picture, box: boxOf(picture, canvas) }]),
    ),
  };
}

// A picture, ready to be drawn.
async function pictureOf(blob) {
  const address = URL.createObjectURL(blob);
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } finally {
    URL.revokeObjectURL(address);
  }
  if (Math.max(image.naturalWidth, image.naturalHeight) > LARGEST_SIDE) {
    throw new Error(`a picture is larger than ${LARGEST_SIDE} × ${LARGEST_SIDE} pixels`);
  }
  return image;
}

// The box (in units of the canvas) outside of which a picture is empty: looked for on a small copy, so a cell
// of that larger on each side.
function boxOf(picture, [width, height]) {
  const alpha = alphaOf(picture);
  const [rows, columns] = [new Set(), new Set()];
  alpha.forEach((value, at) => {
    if (value) {
      columns.add(at % COPY);
      rows.add(Math.floor(at / COPY));
    }
  });
  return {
    left: ((Math.min(...columns) - 1) * width) / COPY,
    right: ((Math.max(...columns) + 2) * width) / COPY,
    top: ((Math.min(...rows) - 1) * height) / COPY,
    bottom: ((Math.max(...rows) + 2) * height) / COPY,
  };
}

// The opacity of the cells of a small copy, row by row.
function alphaOf(picture) {
  const context = surface(COPY, COPY);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, COPY, COPY);
  return context.getImageData(0, 0, COPY, COPY).data.filter((_, at) => at % 4 === 3);
}

// The share of a picture (0 to 1) that one can see.
function coverage(picture) {
  return alphaOf(picture).filter((value) => value > 0).length / COPY ** 2;
}

// Each top-level group of a drawing as an SVG file of its own, by id. As pictures they run and load nothing.
function groupsOf(text, [width, height]) {
  if (/<!(DOCTYPE|ENTITY)/.test(text)) {
    throw new Error("its drawing has a document type");
  }
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.namespaceURI !== SVG || root.querySelector("parsererror")) {
    throw new Error("its drawing is no SVG");
  }
  const frame = frameOf(root, width, height);
  const children = [...root.children];
  const shared = children.filter((child) => ["defs", "style"].includes(child.localName));
  const groups = children.filter((child) => child.localName === "g" && child.id);
  return new Map(groups.map((group) => [group.id, fileOf(frame, shared, group)]));
}

// The drawing without content, stretched to the canvas.
function frameOf(root, width, height) {
  const frame = root.cloneNode(false);
  if (!frame.hasAttribute("viewBox")) {
    const size = ["width", "height"].map((side) => Number.parseFloat(frame.getAttribute(side)));
    frame.setAttribute("viewBox", `0 0 ${size[0] || width} ${size[1] || height}`);
  }
  frame.setAttribute("width", width);
  frame.setAttribute("height", height);
  frame.setAttribute("preserveAspectRatio", "none");
  return frame;
}

function fileOf(frame, shared, group) {
  const root = frame.cloneNode(false);
  const shown = group.cloneNode(true);
  shown.removeAttribute("display"); // artists hide the groups they do not look at
  shown.removeAttribute("visibility");
  root.append(...shared.map((part) => part.cloneNode(true)), shown);
  return new Blob([new XMLSerializer().serializeToString(root)], { type: "image/svg+xml" });
}
