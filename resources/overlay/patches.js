// The pieces of the figure as small pictures for one size, painted once and remembered while there is room.

import { BREATH_STEPS } from "./motion.js";

const BREATH_RISE = 1.5 / 240; // how far a full breath lifts her, as a share of her height
const REMEMBERED = 8e6; // pixels

// Patches of `pack` for a figure of `width` by `height` device pixels.
export class Patches {
  constructor(pack, width, height) {
    this._pack = pack;
    this._width = width;
    this._height = height;
    this._known = new Map();
    this._pixels = 0;
  }

  // A piece, and where it lies (device pixels); of what lies outside of the piece `frame` nothing is left.
  of(piece, frame) {
    const key = JSON.stringify([piece, frame]);
    let patch = this._known.get(key);
    if (patch) {
      this._known.delete(key); // the one used last stands last
    } else {
      patch = this._paint(piece, frame);
      this._pixels += patch.width * patch.height;
    }
    this._known.set(key, patch);
    this._forget(key);
    return patch;
  }

  _forget(needed) {
    for (const [key, { width, height }] of this._known) {
      if (this._pixels <= REMEMBERED || key === needed) {
        return;
      }
      this._known.delete(key);
      this._pixels -= width * height;
    }
  }

  _paint(piece, frame) {
    const area = this._area(piece);
    const picture = this._draw(piece, area);
    if (picture && frame) { // an iris never leaves its eye
      const context = painter(picture);
      context.resetTransform();
      context.globalCompositeOperation = "destination-in";
      context.drawImage(this._draw(frame, area), 0, 0);
    }
    return { picture, ...area };
  }

  _draw(piece, { x, y, width, height }) {
    if (width < 1 || height < 1) {
      return null;
    }
    const context = surface(width, height);
    const [across, down] = this._pack.manifest.canvas;
    context.imageSmoothingQuality = "high";
    context.setTransform(new DOMMatrix().translate(-x, -y).multiply(this._placed(piece)));
    for (const name of piece.layers) {
      context.drawImage(this._pack.layers.get(name).picture, 0, 0, across, down);
    }
    return context.canvas;
  }

  // The way from canvas units to device pixels.
  _placed(piece) {
    const { canvas, neck } = this._pack.manifest;
    const lift = (piece.breath / BREATH_STEPS) * BREATH_RISE * canvas[1];
    return new DOMMatrix()
      .scale(this._width / canvas[0], this._height / canvas[1])
      .translate(neck[0], neck[1] - lift)
      .rotate(piece.tilt)
      .translate(piece.look[0] - neck[0], piece.look[1] - neck[1]);
  }

  // What the layers of a piece may cover, in whole device pixels.
  _area(piece) {
    const matrix = this._placed(piece);
    const corners = piece.layers.flatMap((name) => {
      const { left, top, right, bottom } = this._pack.layers.get(name).box;
      const points = left < right ? [[left, top], [right, top], [left, bottom], [right, bottom]] : [];
      return points.map(([x, y]) => matrix.transformPoint({ x, y }));
    });
    const [xs, ys] = [corners.map((corner) => corner.x), corners.map((corner) => corner.y)];
    const x = Math.max(0, Math.floor(Math.min(...xs)));
    const y = Math.max(0, Math.floor(Math.min(...ys)));
    const width = Math.min(this._width, Math.ceil(Math.max(...xs))) - x;
    const height = Math.min(this._height, Math.ceil(Math.max(...ys))) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : { x: 0, y: 0, width: 0, height: 0 };
  }
}

// A canvas to paint on.
export function surface(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return painter(canvas);
}

// The same settings every time: painted by the processor, which is sooner done with such small pictures.
export function painter(canvas) {
  return canvas.getContext("2d", { willReadFrequently: true });
}
