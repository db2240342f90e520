/** A peer's name: its Ed25519 public key, 52 characters of lower-case base32. */
export type PeerID = string;

/**
 * What went wrong:
 *
 * - `closed` the node or the protocol was closed, here
 * - `not-neighbor` there is no session, or no arc, with that peer
 * - `refused` the peer does not want it: it has no such protocol, or too much to do
 * - `broker-lost` a broker on the path cannot reach the next one
 * - `failed` no connection came to be, or it was lost at once
 * - `timeout` connectTimeout has passed
 * - `version` the peer speaks another version of the protocol
 * - `self` the peer named is this node
 * - `held` no more arcs than are held: see hold
 * - `no-media` this node, or the peer, has no audio and video
 * - `malformed`, `signature` bytes that are no signal, or that nobody has signed for this network
 * - `protocol-exists`, `too-large` see node.protocol and send
 * - `empty-room`, `entrance-refused` see join
 * - `exchange` the function given to join threw: see cause
 * - `load` n2n.wasm could not be loaded
 *
 * Wrong arguments are TypeErrors. A call that an AbortSignal ended throws the
 * signal's reason, an AbortError as a rule.
 */
export type Code =
  | 'closed' | 'not-neighbor' | 'refused' | 'broker-lost' | 'failed' | 'timeout' | 'version' | 'self'
  | 'held' | 'no-media' | 'malformed' | 'signature' | 'protocol-exists' | 'too-large' | 'empty-room' | 'entrance-refused' | 'exchange' | 'load';

export class N2NError extends Error {
  readonly code: Code;
  /** Why an entrance refused, and after how many milliseconds it may be asked again. */
  readonly reason?: string;
  readonly retryAfter?: number;
}

/** Which connection failed, and where. */
export class ConnectError extends N2NError {
  /** Whom it was to reach; undefined: not known yet. */
  readonly peer?: PeerID;
  /** Through these brokers. */
  readonly via: PeerID[];
  /** Of the link machine when it failed. */
  readonly state: string;
}

/** All times are in milliseconds. Zero or nothing is the default, negative is none. */
export interface NodeOptions {
  /** Signals of networks with different names mean nothing to each other. */
  network?: string;
  /**
   * Who the node is. A string: a key that this browser keeps under that name, so
   * that a tab that is loaded again is the same peer; tabs that are open at the
   * same time have different ones. A Uint8Array: an Ed25519 seed of 32 bytes.
   * Nothing: a fresh key.
   */
  key?: string | Uint8Array;
  /** STUN and TURN servers. None: addresses of this host only. */
  iceServers?: { urls: string | string[]; username?: string; credential?: string }[];
  /** Use relays only, which hides this host's addresses from peers. */
  relayOnly?: boolean;
  /** Within which a connect ends; default 10 000. */
  connectTimeout?: number;
  /** How long a session without arcs is kept; default 60 000. */
  linger?: number;
  /** Between pings; three missed ones end a session; default 5 000. */
  heartbeat?: number;
  /** Attempts under way that other peers began; default 64. */
  maxPending?: number;
  /** Streams of audio and video, in both directions: see Protocol.stream. */
  media?: boolean;
  /** The node dispatches 'step' events: each step of its state machines. */
  trace?: boolean;
  /** Log to the console. */
  verbose?: boolean;
  /** Where n2n.wasm is, or what it is; nothing: beside this module. The first node of a page decides. */
  wasm?: string | URL | Response | BufferSource | WebAssembly.Module;
  signal?: AbortSignal;
}

export interface Neighbor {
  peer: PeerID;
  /** Of the session. */
  age: number;
  /** Of the last ping; 0: not measured yet. */
  rtt: number;
  /** With arcs on it. */
  protocols: string[];
}

/** A state machine as it is now; spec/protocol.md of n2n has the states. */
export interface Machine {
  name: 'link' | 'session' | 'arc' | 'meeting';
  peer: PeerID;
  state: string;
  protocol: string;
  /** Of an arc: it leaves this node. */
  out: boolean;
}

/** One step of a machine. */
export interface StepEvent extends Event {
  readonly at: number;
  readonly machine: string;
  readonly peer: PeerID;
  readonly from: string;
  readonly event: string;
  readonly label: string;
  readonly to: string;
  readonly line: number;
}

export interface Stats {
  sessions: number; sessionsOpened: number; sessionsLost: number;
  signalsSent: number; signalsReceived: number; signalsStale: number; signalsRefused: number; signalsDropped: number;
  badSignatures: number; malformed: number; violations: number;
  relayed: number; bounced: number; forged: number; glares: number;
  messagesSent: number; bytesSent: number; framesReceived: number; bytesReceived: number;
  /** Must be 0. */
  bugs: number;
}

/** A door that is kept open at an entrance. Close it before its node. */
export interface Door {
  /** null while the server holds the door open; else what is wrong: it is being opened again. */
  readonly error: N2NError | null;
  close(): Promise<void>;
}

export interface Abortable {
  signal?: AbortSignal;
}

/** Starts n2n.wasm, once for a page, before a node needs it. */
export function load(wasm?: NodeOptions['wasm']): Promise<unknown>;

/** One peer of an overlay network. */
export class Node extends EventTarget {
  private constructor();
  static create(options?: NodeOptions): Promise<Node>;
  readonly id: PeerID;
  /**
   * Registers a protocol under a name of 1 to 64 bytes, the same at all peers.
   * maxMessage is in bytes, 16 MiB by default. Errors: protocol-exists, closed.
   */
  protocol(name: string, options?: { maxMessage?: number }): Protocol;
  /** Peers with an open session. */
  neighbors(): Neighbor[];
  machines(): Machine[];
  stats(): Stats;
  /**
   * Lets a newcomer in: takes the offer that a join made, and gives the answer to
   * be brought back within a minute. Errors: malformed, signature, refused, closed.
   */
  admit(offer: Uint8Array, options?: Abortable): Promise<Uint8Array<ArrayBuffer>>;
  /** Keeps a door open at an entrance, for newcomers to the room, until it is closed. */
  open(options: { entrance: string | URL; room: string } & Abortable): Promise<Door>;
  /** Tells the neighbors, waits for them, and closes. */
  leave(options?: Abortable): Promise<void>;
  /** Ends every session at once. */
  close(): Promise<void>;
  addEventListener(type: 'step', listener: (event: StepEvent) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

/** An arc opened, closed or failed. */
export class ArcEvent extends Event {
  readonly type: 'arcopened' | 'arcclosed' | 'arcfailed';
  readonly peer: PeerID;
  /** From this node, or to it. Not of a failed one, which is from it. */
  readonly direction: 'out' | 'in';
  /** Opened: a session was made for it. */
  readonly newSession: boolean;
  /** Opened or failed: through these brokers, from this end on. */
  readonly via: PeerID[];
  /** Closed: why. */
  readonly cause: 'here' | 'there' | 'left' | 'crashed' | 'idle' | 'turned';
  /** Closed: so many arcs with this peer ended at once; each has its own event. */
  readonly arcs: number;
  /** Failed: why. */
  readonly error: ConnectError;
}

/** A peer sends audio (Opus) or video (VP8) to this node from now on, or no more. */
export class TrackEvent extends Event {
  readonly type: 'trackadded' | 'trackended';
  readonly peer: PeerID;
  /** To be played: element.srcObject = new MediaStream([event.track]). The next one in its place may be the same object. */
  readonly track: MediaStreamTrack;
  /** Names it until it has ended. Of a track from a browser it is not the id of the MediaStreamTrack there. */
  readonly id: string;
  /** The id of the MediaStream that its sender has it in; tracks of one stream belong together. */
  readonly stream: string;
}

/** Audio and video that this node sends to one peer. */
export interface Sending {
  /** Ends it at once; the peer learns of it in a round trip. */
  close(): Promise<void>;
  /** Settles when all of it has ended: by close, with the last arc to the peer, or with the session. */
  readonly ended: Promise<void>;
}

export interface Message {
  from: PeerID;
  data: Uint8Array<ArrayBuffer>;
  /** data, as UTF-8. */
  text(): string;
}

/** Sends an offer to somebody's admit, and gives the answer. */
export type Exchange = (offer: Uint8Array<ArrayBuffer>) => Promise<Uint8Array | ArrayBuffer> | Uint8Array | ArrayBuffer;

/** A named application on a node. */
export class Protocol extends EventTarget {
  private constructor();
  readonly name: string;
  /**
   * Enters a network: at an entrance, or over any channel that carries bytes.
   * Gives the peer to which there is an arc now. Errors: empty-room when nobody
   * else keeps a door open, entrance-refused, exchange, and those of connect.
   */
  join(how: ({ entrance: string | URL; room: string } & Abortable) | Exchange, options?: Abortable): Promise<PeerID>;
  /**
   * Opens one more arc from this node to a peer: a neighbor, or through at most
   * four brokers, the first of which is a neighbor, each next one of the one
   * before, and the last one of the peer. Errors: a ConnectError.
   */
  connect(to: PeerID, options?: { via?: PeerID[] } & Abortable): Promise<void>;
  /** Asks the neighbor from to open an arc to the neighbor to, brokered by this node. */
  introduce(from: PeerID, to: PeerID, options?: Abortable): Promise<void>;
  /** Asks a neighbor to open an arc to this node. */
  invite(from: PeerID, options?: Abortable): Promise<void>;
  /** Ends one arc of the outview, the youngest. */
  disconnect(to: PeerID, options?: Abortable): Promise<void>;
  /** Turns one arc of the outview round, the youngest: it is one of the inview then. */
  reverse(to: PeerID, options?: Abortable): Promise<void>;
  /**
   * Keeps disconnect and reverse from one of the arcs to a peer, until the function
   * that it gives is called: they fail with held when no other arc is left.
   */
  hold(to: PeerID): Promise<() => void>;
  /**
   * Sends a message to a peer of either view; waits while the receiver is slow.
   * Text goes as UTF-8. Errors: not-neighbor, too-large, closed.
   */
  send(to: PeerID, data: string | ArrayBuffer | ArrayBufferView, options?: Abortable): Promise<void>;
  /** The next message. While nobody receives, the senders wait. */
  receive(options?: Abortable): Promise<Message>;
  /** Messages, until the protocol is closed or the signal aborts. */
  messages(options?: Abortable): AsyncGenerator<Message, void, void>;
  /**
   * Sends a MediaStream, or one track, to a peer of either view, which gets
   * 'trackadded' events. Both nodes need the option media. All of it is sent when
   * this resolves. At most 16 tracks go each way between two nodes. Errors:
   * not-neighbor, no-media, failed, timeout, closed.
   */
  stream(to: PeerID, media: MediaStream | MediaStreamTrack, options?: Abortable): Promise<Sending>;
  /** Each peer and how many arcs lead to it, or come from it. */
  outview(): Map<PeerID, number>;
  inview(): Map<PeerID, number>;
  /** Ends the protocol's arcs; other protocols' stay. */
  close(): Promise<void>;
  addEventListener(type: 'trackadded' | 'trackended', listener: (event: TrackEvent) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: 'arcopened' | 'arcclosed' | 'arcfailed', listener: (event: ArcEvent) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}
