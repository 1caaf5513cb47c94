// The overlay: what the endpoint tells becomes her face, her mouth and the subtitles.

import { Connection } from "./connection.js";
import { Figure } from "./figure.js";
import { fit } from "./layout.js";
import { Life } from "./life.js";
import { EMOTIONS } from "./manifest.js";
import { parseOptions } from "./options.js";
import { loadPack } from "./pack.js";
import { Subtitles } from "./subtitles.js";

const options = parseOptions(window.location.search, window.location.hash);
const figure = new Figure(document.getElementById("figure"));
const life = new Life(figure);
const subtitles = new Subtitles(document.getElementById("subtitles"), document.getElementById("words"));
let modes = [];

// What to do with each type of message; other types are passed over.
const ANSWERS = new Map(Object.entries({
  welcome(message) {
    modes = message.modes ?? [];
    life.mood.asleep = false;
    life.mood.modelIs(message.model.state);
    restIn(message.mode);
    subtitles.speak(message.speaking);
    catchUp(message);
    life.speak(message.speaking);
  },
  user_spoke(message) {
    subtitles.begin(message.turn);
    life.spoke();
  },
  emotion(message) {
    life.feel(known(message.emotion));
  },
  text(message) {
    subtitles.append(message.turn, message.text);
    life.say(message.text);
  },
  end(message) {
    subtitles.end();
    life.finish(known(message.emotion));
  },
  remark(message) {
    subtitles.begin(message.turn, message.text);
    subtitles.end();
    life.finish(known(message.emotion));
    life.say(message.text);
  },
  mode_changed(message) {
    restIn(message.mode);
    life.refresh();
  },
  model_changed(message) {
    life.mood.modelIs(message.model.state);
    life.refresh();
  },
  speech(message) {
    subtitles.speak(message.active);
    life.speak(message.active);
  },
}));

// Be where the talk is, whatever was missed of it.
function catchUp({ emotion, reply }) {
  if (!reply) {
    subtitles.end();
    life.finish(known(emotion));
    return;
  }
  subtitles.begin(reply.turn, reply.text);
  life.spoke();
  if (reply.emotion) { // none before her face is chosen
    life.feel(known(reply.emotion));
  }
}

// The face to which she returns in a mode, where the endpoint tells it.
function restIn(name) {
  life.mood.restAt(known(modes.find((mode) => mode.name === name)?.emotion));
}

// An emotion; one that this page does not know yet shows as none.
function known(emotion) {
  return EMOTIONS.includes(emotion) ? emotion : "neutral";
}

function layOut() {
  fit(figure, options);
  life.refresh();
}

// Have her drawn sharply when the page is moved to a screen with other pixels.
function watchRatio() {
  const media = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  media.addEventListener("change", () => { layOut(); watchRatio(); }, { once: true });
}

async function dress() {
  try {
    figure.wear(await loadPack(options.pack, options.token));
    layOut();
  } catch (error) {
    console.info(`Her sprites can't be fetched: ${error.message}. Trying again in 5 seconds.`);
    setTimeout(dress, 5000);
  }
}

function onMessage(message) {
  ANSWERS.get(message.type)?.(message);
}

document.body.dataset.side = options.side;
document.body.dataset.subtitles = options.subtitles ? "on" : "off";
window.addEventListener("resize", layOut);
watchRatio();
layOut();
dress();
new Connection(`ws://${window.location.host}/ws/chat`, options.token, onMessage, () => {
  subtitles.speak(false);
  subtitles.end();
  life.sleep();
}).open();
