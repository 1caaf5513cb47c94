// The home page: buttons that copy, and her picture.

import { Figure } from "./figure.js";
import { loadPack } from "./pack.js";

const PORTRAIT = 200; // CSS pixels
const TOLD_MS = 2000;
const POSE = { emotion: "happy", state: "", pendant: "idle", lids: "", mouth: "", breath: 0 };

// Put the text of an element on the clipboard; where the browser refuses, select it for the user's own keys.
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return "Copied";
  } catch {
    window.getSelection().selectAllChildren(element);
    return document.execCommand("copy") ? "Copied" : "Selected";
  }
}

// Say on the button, and to screen readers, what happened.
async function press(button) {
  const word = await copy(document.getElementById(button.dataset.copies));
  button.textContent = word;
  document.getElementById("told").textContent = word;
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => {
    button.textContent = "Copy";
    document.getElementById("told").textContent = "";
  }, TOLD_MS);
}

async function portray() {
  const figure = new Figure(document.getElementById("portrait"));
  try {
    figure.wear(await loadPack("", null));
    figure.resize(PORTRAIT, window.devicePixelRatio);
    figure.show(POSE, () => 0, false);
  } catch (error) {
    console.info(`There is no picture of her: ${error.message}.`);
  }
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  button.addEventListener("click", () => press(button));
}
portray();
