// What she feels and does: the talk turned into a lasting emotion, a state and the pendant. Times are seconds.

const HOLD_SECONDS = 20; // how long a feeling stays after the reply that brought it
const PULSE_SECONDS = 0.6;
const ROUNDING = 1e-3;

// The lasting part of a pose.
export class Mood {
  constructor() {
    this.asleep = true; // while nobody is there who tells what she feels
    this.model = "ready";
    this._resting = "neutral"; // the face to which she returns: that of the mode
    this._emotion = "neutral";
    this._thinkingSince = null;
    this._inTurn = false;
    this._until = null;
  }

  // The user said something: she thinks.
  spoke(now) {
    this._inTurn = true;
    this._until = null;
    this._thinkingSince = now;
  }

  // The face of the running reply is known.
  feel(emotion) {
    this._emotion = emotion;
    this._thinkingSince = null;
  }

  // The first words are there.
  answered() {
    this._thinkingSince = null;
  }

  // The reply is over; the feeling stays for a while.
  finished(emotion, now) {
    this.feel(emotion);
    this._inTurn = false;
    this._until = now + HOLD_SECONDS;
  }

  // The feeling of the mode, to which she returns.
  restAt(resting) {
    this._resting = resting;
    if (this._idle) {
      this._emotion = this._home;
    }
  }

  // The model's state changed. While it rests, she does, too.
  modelIs(state) {
    this.model = state;
    if (this._idle) {
      this._emotion = this._home;
    }
  }

  get _home() {
    return this.model === "resting" ? "calm" : this._resting;
  }

  get _idle() {
    return !this._inTurn && this._until === null;
  }

  get emotion() {
    return this.asleep ? "calm" : this._emotion;
  }

  // `thinking`, `missing` or empty; a reply's own face goes before the last.
  get state() {
    if (this.asleep) {
      return "";
    }
    if (this._thinkingSince !== null) {
      return "thinking";
    }
    return this._idle && ["missing", "failed"].includes(this.model) ? "missing" : "";
  }

  // Grey without a model, a pulse while she thinks (steady when `still`), else calm.
  pendant(now, still) {
    if (this.asleep || !["ready", "resting"].includes(this.model)) {
      return "missing";
    }
    if (this._thinkingSince === null) {
      return "idle";
    }
    return !still && this._pulse(now) % 2 ? "idle" : "thinking";
  }

  _pulse(now) {
    return Math.floor((now - this._thinkingSince) / PULSE_SECONDS + ROUNDING);
  }

  // Let the feeling go when its time is over.
  advance(now) {
    if (this._until !== null && now >= this._until) {
      this._until = null;
      this._emotion = this._home;
    }
  }

  nextChange(now, still) {
    if (this._thinkingSince !== null && !this.asleep) {
      return still ? null : this._thinkingSince + (this._pulse(now) + 1) * PULSE_SECONDS;
    }
    return this._until;
  }
}
