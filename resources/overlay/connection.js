// The WebSocket to Alisa, version 2: opened again whenever it closes, with growing pauses.

export const SUBPROTOCOL = "alisa.v2.json";
const DISCONNECTED = 4001; // close code: the user sent this client away
const AWAY_MS = 60000;
const FIRST_MS = 500;
const LONGEST_MS = 5000;
const SILENT_MS = 70000; // she says something every 20 s

// Keeps the connection; `onMessage` gets every message as an object, `onLost` is called when it closes.
export class Connection {
  constructor(address, token, onMessage, onLost) {
    this._address = address;
    this._protocols = token ? [SUBPROTOCOL, `alisa.token.${token.coded}`] : [SUBPROTOCOL];
    this._onMessage = onMessage;
    this._onLost = onLost;
    this._pause = FIRST_MS;
    this._silence = 0;
  }

  // Connect, and stay connected.
  open() {
    const socket = new WebSocket(this._address, this._protocols);
    socket.onmessage = (event) => this._hear(socket, event.data);
    socket.onclose = (event) => this._closed(socket, event);
    socket.onopen = () => {
      this._listen(socket);
      const wishes = { version: 2, client: "Overlay page", unsolicited: true, vision: false, presence: false };
      socket.send(JSON.stringify({ type: "hello", ...wishes }));
    };
  }

  // Note a sign of life; where there is none for long, start over.
  _listen(socket) {
    clearTimeout(this._silence);
    this._silence = setTimeout(() => socket.close(), SILENT_MS);
  }

  _hear(socket, data) {
    this._listen(socket);
    this._pause = FIRST_MS;
    const message = parse(data);
    if (message) {
      this._onMessage(message);
    }
  }

  _closed(socket, event) {
    socket.onmessage = null;
    clearTimeout(this._silence);
    const wait = event.code === DISCONNECTED ? AWAY_MS : this._pause * (0.75 + Math.random() / 2);
    const seconds = (wait / 1000).toFixed(1);
    console.info(`Not connected (${event.code}${event.reason && `: ${event.reason}`}); trying again in ${seconds} s.`);
    this._pause = Math.min(this._pause * 2, LONGEST_MS);
    this._onLost();
    setTimeout(() => this.open(), Math.min(wait, AWAY_MS));
  }
}

// The message in a frame; null where it is none.
function parse(data) {
  try {
    const message = JSON.parse(data);
    return message && typeof message.type === "string" ? message : null;
  } catch (error) {
    console.info("A frame that is no JSON was passed over.", error.message);
    return null;
  }
}
