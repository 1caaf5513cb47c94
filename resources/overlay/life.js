// Everything that makes her live: the talk and the time go in, the figure shows the pose of this moment.

import { Blink, Breath, Mouth } from "./motion.js";
import { Mood } from "./mood.js";

// Wakes only when something changes next; sleeps while the page is hidden.
export class Life {
  constructor(figure, random = Math.random) {
    this.figure = figure;
    this.mood = new Mood();
    this._mouth = new Mouth(random);
    this._blink = new Blink(random);
    this._breath = new Breath();
    this._timer = 0;
    this._wish = window.matchMedia("(prefers-reduced-motion: reduce)");
    this._wish.addEventListener("change", () => this.refresh());
    document.addEventListener("visibilitychange", () => this._wake());
    this._wake();
  }

  // Nothing moves by itself, faces change at once.
  get still() {
    return this._wish.matches;
  }

  // Nobody tells what she feels: she sleeps until somebody does.
  sleep() {
    this.mood.asleep = true;
    this._mouth.speak(false, seconds());
    this.refresh();
  }

  // The user said something.
  spoke() {
    this._mouth.hush();
    this.mood.spoke(seconds());
    this.refresh();
  }

  // The face of the running reply.
  feel(emotion) {
    this.mood.feel(emotion);
    this.refresh();
  }

  // Words of hers.
  say(text) {
    this.mood.answered();
    this._mouth.feed(text, seconds());
    this.refresh();
  }

  // The reply is over.
  finish(emotion) {
    this._mouth.hush();
    this.mood.finished(emotion, seconds());
    this.refresh();
  }

  // Somebody's speech output began or ended.
  speak(active) {
    this._mouth.speak(active, seconds());
    this.refresh();
  }

  _wake() {
    if (!document.hidden) {
      this._mouth.hush(); // what should have moved meanwhile is skipped
      this._blink.restart(seconds());
    }
    this.refresh();
  }

  // Show how she looks now, and wake again when that changes.
  refresh() {
    clearTimeout(this._timer);
    if (document.hidden) {
      return;
    }
    const now = seconds();
    const pose = this._pose(now);
    this.figure.show(pose, seconds, !this.still);
    tell(this.figure.canvas, pose);
    const moments = this._moments(seconds()).filter((moment) => moment !== null);
    if (moments.length) {
      this._timer = setTimeout(() => this.refresh(), Math.max(0, Math.min(...moments) - seconds()) * 1000);
    }
  }

  _pose(now) {
    this.mood.advance(now);
    const { emotion, state, asleep } = this.mood;
    const pose = { emotion, state, pendant: this.mood.pendant(now, this.still), lids: "", mouth: "", breath: 0 };
    if (!this.still) {
      this._blink.advance(now);
      this._mouth.advance(now);
      Object.assign(pose, { lids: this._blink.lids, mouth: this._mouth.shape, breath: this._breath.step(now) });
    }
    return asleep ? { ...pose, lids: "closed", mouth: "" } : pose;
  }

  _moments(now) {
    const moments = [this.mood.nextChange(now, this.still), this.figure.fade.nextChange(now)];
    if (!this.still) {
      moments.push(this._breath.nextChange(now), this._mouth.nextChange());
      moments.push(this.mood.asleep ? null : this._blink.nextChange());
    }
    return moments;
  }
}

// What she does, readable on the element: for screen readers, style sheets and tests.
function tell(element, { emotion, state, lids, mouth }) {
  const feeling = `Alisa, ${state === "thinking" ? state : emotion}`;
  for (const [name, value] of Object.entries({ emotion, state, lids, mouth })) {
    if (element.dataset[name] !== value) {
      element.dataset[name] = value;
    }
  }
  if (element.getAttribute("aria-label") !== feeling) {
    element.setAttribute("aria-label", feeling);
  }
}

// The clock: seconds since the page was opened.
function seconds() {
  return performance.now() / 1000;
}
