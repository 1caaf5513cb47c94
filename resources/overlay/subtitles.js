// What she says, as a caption: it grows while the reply streams, and fades once there was time to read it.

const TOGETHER_MS = 33; // chunks that arrive within this time are shown at once
const SHORTEST_MS = 5000;
const LONGEST_MS = 14000;
const MS_PER_LETTER = 45;
const AFTER_SPEECH_MS = 1500;
const FADED_MS = 600;

// The caption in `plate`; `words` is the element of the text.
export class Subtitles {
  constructor(plate, words) {
    this._plate = plate;
    this._words = words;
    this._turn = null;
    this._text = "";
    this._ended = true;
    this._speaking = false;
    this._writing = 0;
    this._fading = 0;
  }

  // A turn began, or goes on with what was said of it so far: what the last one said is gone.
  begin(turn, text = "") {
    if (this._turn === turn && this._text === text && !this._ended) {
      return;
    }
    this._turn = turn;
    this._text = text;
    this._ended = false;
    clearTimeout(this._fading);
    this._write();
  }

  // More words of a turn.
  append(turn, text) {
    if (turn !== this._turn || this._ended) {
      this.begin(turn);
    }
    this._text += text;
    if (!this._writing) {
      this._writing = setTimeout(() => this._write(), TOGETHER_MS);
    }
  }

  // The turn is over, whatever it was.
  end() {
    if (!this._ended) {
      this._ended = true;
      this._wait(Math.min(Math.max(this._text.length * MS_PER_LETTER, SHORTEST_MS), LONGEST_MS));
    }
  }

  // While somebody speaks the words aloud, they stay.
  speak(active) {
    this._speaking = active;
    if (this._ended && this._text) {
      this._wait(AFTER_SPEECH_MS);
    }
  }

  _write() {
    clearTimeout(this._writing);
    this._writing = 0;
    const shown = plain(this._text).trim();
    if (shown) {
      this._words.textContent = shown;
    }
    this._plate.classList.toggle("shown", Boolean(shown));
  }

  _wait(time) {
    clearTimeout(this._fading);
    if (!this._speaking) {
      this._fading = setTimeout(() => this._fade(), time);
    }
  }

  _fade() {
    this._text = "";
    this._write();
    this._fading = setTimeout(() => {
      this._words.textContent = "";
    }, FADED_MS);
  }
}

// Text without the marks of Markdown: they are for windows that can show what they mean.
export function plain(text) {
  return text
    .replace(/^ {0,3}(#{1,6}|>) +/gm, "")
    .replace(/^( {0,3})[*+-] +/gm, "$1• ")
    .replace(/^ {0,3}```.*$\n?/gm, "")
    .replace(/!?\[([^\]\n]+)\]\([^)\s]*\)/g, "$1")
    .replace(/\*\*|__|`/g, "")
    .replace(/(^|[^\p{L}\p{N}*])\*(?=\S)([^*\n]*[^*\s])\*(?![\p{L}\p{N}*])/gu, "$1$2");
}
