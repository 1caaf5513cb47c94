// Who stands where: she at her side, the subtitles beside her where there is room, else below.

const HEIGHT = 400; // CSS pixels at scale 1
const ROOM_BESIDE = 280; // CSS pixels that subtitles need beside her
const LINES_BELOW = 4;
const PADDING_BELOW = 2.9; // in sizes of the font: around the text, the plate and the border
const RISE = 0.1; // how far up beside her the subtitles stand, as a share of her height

// Size the figure for the window, and tell the style sheet where the subtitles go.
export function fit(figure, { scale, subtitles }) {
  const { innerWidth, innerHeight, devicePixelRatio } = window;
  const { body } = document;
  const wished = Math.min(HEIGHT * scale, innerHeight, innerWidth / figure.aspect);
  const beside = !subtitles || innerWidth - wished * figure.aspect >= ROOM_BESIDE;
  const letter = Number.parseFloat(getComputedStyle(body).fontSize);
  const reserve = beside ? 0 : Math.min(letter * (LINES_BELOW * 1.35 + PADDING_BELOW), innerHeight / 2);
  const height = Math.max(16, Math.min(wished, innerHeight - reserve));
  body.dataset.place = beside ? "beside" : "below";
  body.style.setProperty("--reserve", `${reserve}px`);
  body.style.setProperty("--rise", `${Math.round(height * RISE)}px`);
  figure.resize(height, devicePixelRatio);
}
