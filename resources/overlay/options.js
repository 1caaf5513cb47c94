// What the address of the page asks for: the options in its query, the token in its fragment.

export const SMALLEST = 0.25;
export const LARGEST = 4;

// The options in `search` ("?scale=2") and `hash` ("#token=..."); a bad value is as good as none.
export function parseOptions(search, hash) {
  const query = new URLSearchParams(search);
  const scale = Number.parseFloat(query.get("scale") ?? "1");
  return {
    scale: scale >= SMALLEST && scale <= LARGEST ? scale : 1,
    side: query.get("side") === "left" ? "left" : "right",
    subtitles: query.get("subtitles") !== "off",
    pack: query.get("pack") ?? "",
    token: parseToken(new URLSearchParams(hash.replace(/^#/, "")).get("token") ?? ""),
  };
}

// The token as the fragment writes it and as it reads; null where there is none, or a broken one.
function parseToken(written) {
  const coded = written.replace(/=+$/, "").replace(/[+ ]/g, "-").replace(/\//g, "_"); // a plus reads as a space here
  try {
    const letters = atob(coded.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const plain = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return plain ? { coded, plain } : null;
  } catch (error) {
    console.info("The token in the address can't be read, so none is sent.", error.message);
    return null;
  }
}
