// Alisa as a picture on a canvas: the layers of a pack composed for a pose. Only changes are painted.

import { EYE_WHITE, IRIS, piecesOf } from "./manifest.js";
import { Fade } from "./motion.js";
import { Patches, painter, surface } from "./patches.js";

// One canvas and what it shows. Lengths are device pixels, but for `resize`.
export class Figure {
  constructor(canvas) {
    this.canvas = canvas;
    this.pack = null;
    this.fade = new Fade();
    this._context = painter(canvas);
    this._now = surface(1, 1);
    this._before = surface(1, 1);
    this._patches = null;
    this._parts = new Map(); // what is shown, bottom to top: patches by their keys
    this._face = "";
  }

  // Put on a pack; call `resize` after it.
  wear(pack) {
    this.pack = pack;
    this._patches = null;
  }

  // How wide she is for her height.
  get aspect() {
    const [width, height] = this.pack?.manifest.canvas ?? [4, 5];
    return width / height;
  }

  // Be `height` CSS pixels tall on a screen with `ratio` device pixels to each.
  resize(height, ratio) {
    const size = { width: Math.round(height * this.aspect * ratio), height: Math.round(height * ratio) };
    if (this.canvas.width !== size.width || this.canvas.height !== size.height || !this._patches) {
      for (const canvas of [this.canvas, this._now.canvas, this._before.canvas]) {
        Object.assign(canvas, size); // wipes it, too
      }
      this._patches = this.pack && new Patches(this.pack, size.width, size.height);
      this._parts = new Map();
      this.fade.stop();
    }
    this.canvas.style.width = `${size.width / ratio}px`;
    this.canvas.style.height = `${size.height / ratio}px`;
  }

  // Show `pose`; another face fades in when `fades`. `clock` gives seconds. Nothing is painted when nothing changed.
  show(pose, clock, fades) {
    if (!this._patches) {
      return;
    }
    const faded = this.fade.running;
    this.fade.advance(clock());
    const parts = this._partsOf(pose);
    const changes = difference(this._parts, parts);
    const face = `${pose.emotion} ${pose.state}`;
    if (face !== this._face && changes.length && this._parts.size && fades) {
      put(this._before, this.canvas);
      this.fade.start(clock()); // only now: new faces take a while to be drawn
    }
    this._face = face;
    this._parts = parts;
    this._compose(changes);
    if (faded || this.fade.running) {
      this._mix(this.fade.progress(clock()));
    } else {
      inside(this._context, changes, () => put(this._context, this._now.canvas));
    }
  }

  _partsOf(pose) {
    const pieces = piecesOf(this.pack.manifest, pose);
    const white = pieces.find((piece) => piece.slot === EYE_WHITE) ?? null;
    return new Map(pieces.map((piece) => {
      const frame = piece.slot === IRIS ? white : null;
      return [JSON.stringify([piece, frame]), this._patches.of(piece, frame)];
    }));
  }

  _compose(changes) {
    inside(this._now, changes, () => {
      this._now.clearRect(0, 0, this.canvas.width, this.canvas.height);
      for (const { picture, x, y } of this._parts.values()) {
        if (picture) {
          this._now.drawImage(picture, x, y);
        }
      }
    });
  }

  // A straight mix of the face before and the one now.
  _mix(share) {
    put(this._context, this._now.canvas, share);
    if (share < 1) {
      this._context.globalCompositeOperation = "lighter";
      this._context.globalAlpha = 1 - share;
      this._context.drawImage(this._before.canvas, 0, 0);
    }
  }
}

// The areas that differ between what was shown and what is.
function difference(before, after) {
  const gone = [...before].filter(([key]) => !after.has(key));
  const come = [...after].filter(([key]) => !before.has(key));
  return [...gone, ...come].map(([, patch]) => patch);
}

// Paint, but touch nothing outside of `areas`.
function inside(context, areas, paint) {
  if (!areas.length) {
    return;
  }
  context.save();
  context.beginPath();
  for (const { x, y, width, height } of areas) {
    context.rect(x, y, width, height);
  }
  context.clip();
  paint();
  context.restore();
}

// Let `context` show `canvas` and nothing else.
function put(context, canvas, share = 1) {
  context.globalCompositeOperation = "copy";
  context.globalAlpha = share;
  context.drawImage(canvas, 0, 0);
}
