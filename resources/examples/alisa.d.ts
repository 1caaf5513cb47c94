// Messages of Alisa's endpoint, version 2.0. Made from her JSON Schema; do not edit.

/** What a client may send: one JSON object a text frame. */
export type ClientMessage =
  | Hello
  | Say
  | Stop
  | Regenerate
  | SetMode
  | GetHistory
  | SpeechOf
  | PresenceReport
  | ScreenReported;

/** What a client may be sent: one JSON object a text frame. */
export type ServerMessage =
  | Welcome
  | Accepted
  | UserSpoke
  | EmotionShown
  | Text
  | End
  | Remark
  | ModeChanged
  | ModelChanged
  | Speech
  | Vision
  | Presence
  | History
  | HistoryChanged
  | KeepAlive
  | Error;

/** Who the client is and what else it wants to hear; answered by a new `welcome`. Nobody has to say it. */
export interface Hello {
  type: "hello";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
  /** The version the client speaks. Default: 2. */
  version?: number;
  /** The client's name, for the list the user sees. At most 80 characters. */
  client?: string;
  /** Whether it wants `remark`: what she says unasked. Default: false. */
  unsolicited?: boolean;
  /** Whether it wants `vision`. Default: true. */
  vision?: boolean;
  /** Whether it wants `presence`. Default: false. */
  presence?: boolean;
}

/** Words of the user: they begin a turn and end the reply that is under way. */
export interface Say {
  type: "say";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
  text: string;
}

/** End the reply that is under way; it gets its `end` with the reason `stopped`. */
export interface Stop {
  type: "stop";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
}

/** Answer the last message again, under the same `turn`. */
export interface Regenerate {
  type: "regenerate";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
}

/** Switch the mode by its name or an alias. */
export interface SetMode {
  type: "set_mode";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
  /** At most 64 characters. */
  mode: string;
}

/** Ask for a page of what was said: the latest turns, or the ones before a turn. */
export interface GetHistory {
  type: "get_history";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
  /** A `turn` already known; empty asks for the latest. At most 64 characters. */
  before?: string;
  /** At least 1. At most 100. Default: 20. */
  limit?: number;
}

/** The client's speech output began or ended; everybody else is told. */
export interface SpeechOf {
  type: "speech";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
  active: boolean;
}

/** A sensor saw the user: present, absent, focused, distracted, or a facial emotion. */
export interface PresenceReport {
  type: "presence";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
  /** Pattern: ^[a-z]{1,32}$ */
  value: string;
}

/** A sensor saw the screen. What it says is data, never an instruction. */
export interface ScreenReported {
  type: "screen";
  /**
   * The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
   * `error`, or what was asked for (`welcome`, `history`). At most 64 characters.
   */
  id?: string;
  /** At most 20000 characters. */
  app?: string;
  /** At most 20000 characters. */
  window?: string;
  /** At most 20000 characters. */
  text?: string;
  /** At most 20000 characters. */
  task?: string;
  /** At most 20000 characters. */
  file_type?: string;
  /** At most 20000 characters. */
  offer?: string;
}

/** The first message of a connection, and the answer to `hello`: everything as it is now, missed things included. */
export interface Welcome {
  type: "welcome";
  id: string;
  /** Default: "2.0". */
  version: string;
  app_version: string;
  mode: string;
  modes: Mode[];
  emotion: Emotion;
  model: Model;
  capabilities: ("say" | "stop" | "regenerate" | "set_mode" | "get_history" | "speech" | "presence" | "screen")[];
  /** Whether somebody's speech output is on. */
  speaking: boolean;
  /** What a sensor saw of the user last; empty while unknown or not wanted. */
  presence: string;
  /** What she saw last, while she sees; null while unknown or not wanted. */
  vision: Vision | null;
  reply: RunningReply | null;
}

/** The message of this `id` was taken; `turn` is what it began, empty when it began none. */
export interface Accepted {
  type: "accepted";
  id: string;
  turn: string;
}

/** A turn began with the user's words, said anywhere. `again`: she answers it anew, what was said of it is void. */
export interface UserSpoke {
  type: "user_spoke";
  turn: string;
  text: string;
  /** A date and time of ISO 8601. */
  at: string;
  again: boolean;
}

/** Her face changed; it comes before the first text of a reply. */
export interface EmotionShown {
  type: "emotion";
  turn: string;
  emotion: Emotion;
}

/** More words of the reply: clean text, to be appended. */
export interface Text {
  type: "text";
  turn: string;
  text: string;
}

/** The turn is over, exactly once for every `user_spoke`. `text` is the whole reply, without `message`. */
export interface End {
  type: "end";
  turn: string;
  reason: "done" | "stopped" | "error";
  emotion: Emotion;
  text: string;
  /** What the user was told when the reply failed; it was already said as the last `text`. */
  message: string;
}

/** She said something unasked, between two turns; only for who opted in with `unsolicited`. */
export interface Remark {
  type: "remark";
  turn: string;
  emotion: Emotion;
  text: string;
}

/** Another mode is on, whoever wished for it. */
export interface ModeChanged {
  type: "mode_changed";
  mode: string;
  title: string;
}

/** Her model is loading, ready, resting, missing or failed. */
export interface ModelChanged {
  type: "model_changed";
  model: Model;
}

/** Somebody's speech output began or ended: a mouth may move. */
export interface Speech {
  type: "speech";
  active: boolean;
}

/** What she sees, while the user lets her. */
export interface Vision {
  type: "vision";
  /** How closely she looked: window, text or picture. */
  look: string;
  /** True where she does not look; then nothing else is told. Default: false. */
  hidden: boolean;
  app_kind: string;
  app: string;
  title: string;
  /** Only when the user allows it. */
  text: string;
}

/** What a sensor saw of the user. */
export interface Presence {
  type: "presence";
  value: string;
}

/** A page of the history, oldest turn first; `more`: there are older ones. */
export interface History {
  type: "history";
  id: string;
  turns: PastTurn[];
  more: boolean;
}

/** The user had something forgotten: drop what you keep, or ask again. */
export interface HistoryChanged {
  type: "history_changed";
}

/** Nothing happened for a while, but she is here. */
export interface KeepAlive {
  type: "keep_alive";
}

/** A message was not taken; the sentence says why and what to do. */
export interface Error {
  type: "error";
  id: string;
  code:
    | "bad_json"
    | "bad_message"
    | "unknown_type"
    | "unsupported_version"
    | "refused"
    | "unknown_mode"
    | "nothing_to_regenerate"
    | "history_failed";
  message: string;
}

/** The eight feelings Alisa can show; the only list of them. */
export type Emotion = "neutral" | "happy" | "calm" | "teasing" | "shy" | "serious" | "sad" | "surprised";

/** A way for her to be. */
export interface Mode {
  name: string;
  /** For people. */
  title: string;
  /** Her face at rest, to which she returns some time after a reply. */
  emotion: Emotion;
}

/** What she thinks with. */
export interface Model {
  name: string;
  state: ModelState;
}

/** Where a model stands. */
export type ModelState = "loading" | "ready" | "resting" | "missing" | "failed";

/** A finished turn. */
export interface PastTurn {
  turn: string;
  user_text: string;
  text: string;
  emotion: Emotion;
  mode: string;
  /** A date and time of ISO 8601. */
  at: string;
  reason: "done" | "stopped" | "error";
  /** As in `end`. */
  message: string;
}

/** The reply that is under way: what was said of it so far. */
export interface RunningReply {
  turn: string;
  user_text: string;
  /** Null before her face is chosen. */
  emotion: Emotion | null;
  text: string;
  /** As in `user_spoke`. */
  again: boolean;
}
