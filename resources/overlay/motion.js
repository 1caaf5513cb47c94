// When she breathes, blinks and opens her mouth: pure timing on a clock of seconds, the same as on the desktop.

export const BREATH_STEPS = 3;
const BREATH_SECONDS = 4;
const BLINK_WAIT = [2, 6];
const BLINK_CLOSED = 0.12;
const BLINK_HALF = 0.04;
const BLINK_TWICE = 0.15;
const MOUTH_SECONDS = 0.11;
const MOUTH_AHEAD = 12; // openings that may wait; a faster stream drops the oldest
const FADE_SECONDS = 0.12;
const FADE_FRAME = 0.024;
const ROUNDING = 1e-3; // moments nearer than this (s) are the same one

const SHAPES = { a: "wide", e: "small", i: "small", o: "open", u: "open", y: "small" };
const NEIGHBOUR = { wide: "open", open: "small", small: "open" };
const PAUSES = new Set(".,;:!?…\n。、！？");

// A slow sine in whole steps, so that nothing has to happen between two of them.
export class Breath {
  constructor() {
    const steps = [...Array(BREATH_STEPS).keys()];
    const rising = steps.map((step) => (Math.acos(1 - (2 * step + 1) / BREATH_STEPS) / (2 * Math.PI)) * BREATH_SECONDS);
    this._changes = [...rising, ...rising.map((at) => BREATH_SECONDS - at).reverse()];
    this._levels = [...steps, BREATH_STEPS, ...steps.reverse()];
  }

  // How high she is lifted, from 0 to the number of steps.
  step(now) {
    const at = now % BREATH_SECONDS;
    return this._levels[this._changes.filter((change) => change <= at + ROUNDING).length];
  }

  // When the step changes next.
  nextChange(now) {
    const at = now % BREATH_SECONDS;
    const ahead = this._changes.find((change) => change > at + ROUNDING);
    return now - at + (ahead ?? this._changes[0] + BREATH_SECONDS);
  }
}

// Lids that close every few seconds at random, now and then twice; `lids` is empty, `half` or `closed`.
export class Blink {
  constructor(random) {
    this.lids = "";
    this._random = random;
    this._plan = [];
  }

  // Open the eyes and wait for a new blink.
  restart(now) {
    this.lids = "";
    const at = now + BLINK_WAIT[0] + this._random() * (BLINK_WAIT[1] - BLINK_WAIT[0]);
    this._plan = blink(at);
    if (this._random() < BLINK_TWICE) {
      this._plan.push(...blink(this._plan[3][0] + BLINK_CLOSED));
    }
  }

  advance(now) {
    while (this._plan.length && this._plan[0][0] <= now) {
      this.lids = this._plan.shift()[1];
    }
    if (!this._plan.length) {
      this.restart(now);
    }
  }

  nextChange() {
    return this._plan.length ? this._plan[0][0] : null;
  }
}

function blink(at) {
  const shut = at + BLINK_HALF;
  const opening = shut + BLINK_CLOSED;
  return [[at, "half"], [shut, "closed"], [opening, "half"], [opening + BLINK_HALF, ""]];
}

// Openings that follow the words as they arrive, or, without words, somebody's speech; empty `shape` is closed.
export class Mouth {
  constructor(random) {
    this.shape = "";
    this.speaking = false;
    this._random = random;
    this._waiting = [];
    this._next = null;
  }

  // Words arrived.
  feed(text, now) {
    this._waiting.push(...openings(text));
    this._waiting.splice(0, this._waiting.length - MOUTH_AHEAD);
    this._start(now);
  }

  // Speech is heard of which the words are not known, or it ended.
  speak(on, now) {
    this.speaking = on;
    if (on) {
      this._start(now);
    } else {
      this.hush();
    }
  }

  // Forget the words that wait; where nobody speaks, shut it.
  hush() {
    this._waiting = [];
    if (!this.speaking) {
      this.shape = "";
      this._next = null;
    }
  }

  _start(now) {
    if (this._next === null && (this._waiting.length || this.speaking)) {
      this._next = now;
    }
  }

  advance(now) {
    if (this._next === null || now < this._next) {
      return;
    }
    this.shape = this._following();
    this._next = this.shape || this._waiting.length || this.speaking ? now + MOUTH_SECONDS : null;
  }

  _following() {
    if (this._waiting.length) {
      const wish = this._waiting.shift();
      return wish && wish === this.shape ? NEIGHBOUR[wish] : wish;
    }
    return this.speaking ? ["", "small", "open", "wide"][Math.floor(this._random() * 4)] : "";
  }

  nextChange() {
    return this._next;
  }
}

// The shapes of the mouth for `text`: one for each run of vowels, a closed one for punctuation.
export function openings(text) {
  const shapes = [];
  let previous = "";
  for (const character of text.toLowerCase().normalize("NFD")) {
    if (character in SHAPES) {
      if (!(previous in SHAPES)) {
        shapes.push(SHAPES[character]);
      }
    } else if (PAUSES.has(character)) {
      shapes.push("");
    } else if (character > "\x7f" && /\p{L}/u.test(character)) {
      shapes.push(["small", "open", "wide"][character.codePointAt(0) % 3]);
    }
    previous = character;
  }
  return shapes;
}

// One face gives way to the next; `progress` runs from 0 to 1.
export class Fade {
  constructor() {
    this._since = null;
  }

  start(now) {
    this._since = now;
  }

  stop() {
    this._since = null;
  }

  // True until `advance` sees the end.
  get running() {
    return this._since !== null;
  }

  progress(now) {
    return this._since === null ? 1 : Math.min(1, Math.max(0, (now - this._since) / FADE_SECONDS));
  }

  advance(now) {
    if (this.progress(now) >= 1) {
      this._since = null;
    }
  }

  nextChange(now) {
    return this._since === null ? null : now + FADE_FRAME;
  }
}
