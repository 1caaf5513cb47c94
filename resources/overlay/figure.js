// Alisa as a picture on a canvas: the layers of a pack composed for a pose, sharp at any size, and remembered.

import { EYE_WHITE, IRIS, piecesOf } from "./manifest.js";
import { BREATH_STEPS, Fade } from "./motion.js";

const BREATH_RISE = 1.5 / 240; // how far a full breath lifts her, as a share of her height
const REMEMBERED = 12e6; // pixels of layers that are kept

// One canvas and what it shows. Lengths are device pixels, but for `resize`.
export class Figure {
  constructor(canvas) {
    this.canvas = canvas;
    this.pack = null;
    this.fade = new Fade();
    this._patches = new Map();
    this._pixels = 0;
    this._shown = "";
    this._now = surface(1, 1);
    this._before = surface(1, 1);
  }

  // Put on a pack.
  wear(pack) {
    this.pack = pack;
    this._forget();
  }

  // How wide she is for her height.
  get aspect() {
    const [width, height] = this.pack?.manifest.canvas ?? [4, 5];
    return width / height;
  }

  // Be `height` CSS pixels tall on a screen with `ratio` device pixels to each.
  resize(height, ratio) {
    const width = Math.round(height * this.aspect * ratio);
    const tall = Math.round(height * ratio);
    if (this.canvas.width !== width || this.canvas.height !== tall) {
      for (const canvas of [this.canvas, this._now.canvas, this._before.canvas]) {
        canvas.width = width;
        canvas.height = tall;
      }
      this._forget();
    }
    this.canvas.style.width = `${width / ratio}px`;
    this.canvas.style.height = `${tall / ratio}px`;
  }

  _forget() {
    this._patches.clear();
    this._pixels = 0;
    this._shown = "";
    this.fade.stop();
  }

  // Show `pose` at `now` (s); another face fades in when `fades`. Nothing is painted when nothing changed.
  show(pose, now, fades) {
    if (!this.pack) {
      return;
    }
    const faded = this.fade.running;
    this.fade.advance(now);
    const pieces = piecesOf(this.pack.manifest, pose);
    const key = JSON.stringify(pieces);
    const face = `${pose.emotion} ${pose.state}`;
    if (key !== this._shown && face !== this._face && this._shown && fades) {
      copy(this.canvas, this._before);
      this.fade.start(now);
    }
    if (key !== this._shown) {
      this._compose(pieces);
    }
    if (key !== this._shown || faded) {
      this._paint(this.fade.progress(now));
    }
    this._shown = key;
    this._face = face;
  }

  // A straight mix of the face before and the one now.
  _paint(share) {
    const context = painter(this.canvas);
    context.globalCompositeOperation = "copy";
    context.globalAlpha = share;
    context.drawImage(this._now.canvas, 0, 0);
    if (share < 1) {
      context.globalCompositeOperation = "lighter";
      context.globalAlpha = 1 - share;
      context.drawImage(this._before.canvas, 0, 0);
    }
  }

  _compose(pieces) {
    const { canvas } = this._now;
    this._now.clearRect(0, 0, canvas.width, canvas.height);
    const white = pieces.find((piece) => piece.slot === EYE_WHITE);
    for (const piece of pieces) {
      const { picture, x, y } = this._patch(piece, piece.slot === IRIS ? white : null);
      if (picture) {
        this._now.drawImage(picture, x, y);
      }
    }
  }

  // A piece as a picture without its empty margin; remembered until there are too many.
  _patch(piece, frame) {
    const key = JSON.stringify([piece, frame ?? null]);
    let patch = this._patches.get(key);
    if (patch) {
      this._patches.delete(key); // the one used last stands last
    } else {
      patch = this._render(piece, frame);
      this._pixels += patch.size;
    }
    this._patches.set(key, patch);
    for (const [oldest, { size }] of this._patches) {
      if (this._pixels <= REMEMBERED || oldest === key) {
        break;
      }
      this._patches.delete(oldest);
      this._pixels -= size;
    }
    return patch;
  }

  _render(piece, frame) {
    const context = this._draw(piece);
    if (frame) { // an iris never leaves its eye
      context.resetTransform();
      context.globalCompositeOperation = "destination-in";
      context.drawImage(this._draw(frame).canvas, 0, 0);
    }
    return crop(context);
  }

  _draw(piece) {
    const { manifest, layers } = this.pack;
    const [width, height] = manifest.canvas;
    const context = surface(this.canvas.width, this.canvas.height);
    const lift = (piece.breath / BREATH_STEPS) * BREATH_RISE * height;
    context.imageSmoothingQuality = "high";
    context.scale(this.canvas.width / width, this.canvas.height / height);
    context.translate(manifest.neck[0], manifest.neck[1] - lift);
    context.rotate((piece.tilt * Math.PI) / 180);
    context.translate(piece.look[0] - manifest.neck[0], piece.look[1] - manifest.neck[1]);
    for (const name of piece.layers) {
      context.drawImage(layers.get(name), 0, 0, width, height);
    }
    return context;
  }
}

function surface(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return painter(canvas);
}

// The same settings every time: painted by the processor, which such small pictures are done with sooner.
function painter(canvas) {
  return canvas.getContext("2d", { willReadFrequently: true });
}

function copy(from, context) {
  context.globalCompositeOperation = "copy";
  context.drawImage(from, 0, 0);
}

// Cut off the empty margin.
function crop(context) {
  const { width, height } = context.canvas;
  const alpha = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 1) {
      if (alpha[at]) {
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y;
      }
    }
  }
  if (bottom < 0) {
    return { picture: null, x: 0, y: 0, size: 0 };
  }
  const part = surface(right - left + 1, bottom - top + 1);
  part.drawImage(context.canvas, -left, -top);
  return { picture: part.canvas, x: left, y: top, size: part.canvas.width * part.canvas.height };
}
