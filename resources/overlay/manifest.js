// What a sprite pack says about itself, and which layers show for a pose: the rules of the figure on the desktop.

export const EMOTIONS = ["neutral", "happy", "calm", "teasing", "shy", "serious", "sad", "surprised"];
export const PLAIN = ["base", ...EMOTIONS, "eyes_closed", "mouth_open"];
export const IRIS = "iris";
export const EYE_WHITE = "eye-white";

// Who stands in for a face that a pack lacks, nearest first.
const RELATIVES = {
  happy: ["calm", "neutral"],
  calm: ["neutral"],
  teasing: ["happy", "neutral"],
  shy: ["happy", "neutral"],
  serious: ["neutral"],
  sad: ["serious", "neutral"],
  surprised: ["happy", "neutral"],
  neutral: ["calm"],
};

// A manifest as it is used here, from its JSON; throws an `Error` that says what is wrong.
export function readManifest(json) {
  const manifest = {
    art: "", defaults: {}, head: [], neck: [0, 0], breathing: [], fallbacks: {}, blink: {}, mouths: {}, states: {},
    pendant: {}, ...json,
  };
  const sides = Array.isArray(manifest.canvas) ? manifest.canvas : [];
  if (manifest.format !== 1 || sides.length !== 2 || !sides.every((side) => side >= 16 && side <= 4096)) {
    throw new Error("its manifest has another format, or no canvas");
  }
  if (!Array.isArray(manifest.slots) || !Object.keys(manifest.expressions ?? {}).length) {
    throw new Error("its manifest names no slots or no expressions");
  }
  manifest.mouths = inSlot("mouth", manifest.mouths);
  manifest.pendant = inSlot("pendant", manifest.pendant);
  return manifest;
}

// Lets `[layers]` stand for `{slot: [layers]}`.
function inSlot(slot, parts) {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name, Array.isArray(part) ? { [slot]: part } : part]),
  );
}

// Every layer that is named anywhere.
export function layerNames(manifest) {
  const faces = [...Object.values(manifest.expressions), ...Object.values(manifest.states)];
  const parts = [manifest.defaults, ...faces.map((face) => face.slots ?? {})];
  for (const group of [manifest.blink, manifest.mouths, manifest.pendant]) {
    parts.push(...Object.values(group));
  }
  return new Set(parts.flatMap((part) => Object.values(part).flat()));
}

// A manifest for plain pictures; `whole` says of each stem, in the order of `PLAIN`, whether it shows the whole figure.
export function plainManifest(canvas, whole) {
  const place = (stem) => {
    const slot = { eyes_closed: "eyes", mouth_open: "mouth" }[stem] ?? "face";
    return { [whole.get(stem) ? "base" : slot]: [`${stem}.png`] };
  };
  const first = whole.has("base") ? "base" : whole.keys().next().value;
  const faces = EMOTIONS.filter((emotion) => whole.has(emotion)).map((emotion) => [emotion, { slots: place(emotion) }]);
  const mouth = whole.has("mouth_open") ? place("mouth_open") : null;
  return readManifest({
    format: 1,
    canvas,
    slots: ["base", "face", "eyes", "mouth"],
    defaults: { base: [`${first}.png`] },
    expressions: { neutral: {}, ...Object.fromEntries(faces) },
    blink: whole.has("eyes_closed") ? { closed: place("eyes_closed") } : {},
    mouths: mouth ? { small: mouth, open: mouth, wide: mouth } : {},
  });
}

// The face for an emotion, or its nearest relative's, or the first one.
function expression(manifest, emotion) {
  const names = [emotion, ...(manifest.fallbacks[emotion] ?? []), ...(RELATIVES[emotion] ?? [])];
  const name = names.find((one) => Object.hasOwn(manifest.expressions, one));
  return manifest.expressions[name] ?? Object.values(manifest.expressions)[0];
}

// What lies in the slots for `pose`, bottom to top: slot, layers, tilt (degrees), breath (steps), look (canvas units).
export function piecesOf(manifest, pose) {
  const face = expression(manifest, pose.emotion);
  const state = Object.hasOwn(manifest.states, pose.state) ? manifest.states[pose.state] : null;
  const slots = slotsOf(manifest, face, state, pose);
  const tilt = state?.tilt ?? face.tilt ?? 0;
  const look = state?.look ?? face.look ?? [0, 0];
  return manifest.slots
    .filter((slot) => slots[slot]?.length)
    .map((slot) => ({
      slot,
      layers: slots[slot],
      tilt: manifest.head.includes(slot) ? tilt : 0,
      breath: manifest.breathing.includes(slot) ? pose.breath : 0,
      look: slot === IRIS ? look : [0, 0],
    }));
}

// The layers in each slot: what is further down here covers what is further up.
function slotsOf(manifest, face, state, pose) {
  const blinks = (face.blinks ?? true) && (state?.blinks ?? true);
  return {
    ...manifest.defaults,
    ...face.slots,
    ...manifest.pendant[pose.pendant],
    ...manifest.mouths[pose.mouth],
    ...state?.slots,
    ...(blinks ? manifest.blink[pose.lids] : {}),
  };
}
