// n2n: overlay networks over WebRTC, in which every peer is a signaling server for
// its neighbors. This module is the face of n2n.wasm, the node itself.
//
//   const node = await Node.create({ network: 'my app', key: 'my app' });
//   const chat = node.protocol('chat');
//   await chat.join({ entrance: 'wss://example.org', room: 'lobby' });
//   for await (const m of chat.messages()) console.log(m.from, m.text());

// N2NError is every error of a node. code says which one: see n2n.d.ts.
export class N2NError extends Error {
  constructor({ code, message, thrown, ...more }) {
    super(message, thrown === undefined ? undefined : { cause: thrown });
    this.code = code;
    Object.assign(this, more);
  }
  get name() { return 'N2NError'; }
}

// ConnectError is one about a connection: peer, via and state say which and where.
export class ConnectError extends N2NError {
  get name() { return 'ConnectError'; }
}

function errorOf(f) {
  if (!f || typeof f.code !== 'string' || f instanceof Error) return f;
  if (f.code === 'argument') return new TypeError(f.message);
  return f.state === undefined ? new N2NError(f) : new ConnectError(f);
}

// ArcEvent is what happened to an arc: 'arcopened', 'arcclosed' or 'arcfailed'.
export class ArcEvent extends Event {
  constructor({ kind, error, ...more }) {
    super(kind);
    Object.assign(this, more);
    if (error) this.error = errorOf(error);
  }
}

// TrackEvent is 'trackadded' or 'trackended': a peer sends audio or video, or no
// more.
export class TrackEvent extends Event {
  constructor({ kind, ...more }) {
    super(kind);
    Object.assign(this, more);
  }
}

let program = null; // the running n2n.wasm; one for all nodes of a page

// load starts n2n.wasm, once. Node.create does it, too.
export function load(wasm) {
  program ??= start(wasm).catch(err => {
    program = null; // the network may be better next time
    throw err;
  });
  return program;
}

async function start(wasm = new URL('n2n.wasm', import.meta.url)) {
  const [module] = await Promise.all([compile(wasm), import('./wasm_exec.js')]); // both are fetched at once
  const go = new globalThis.Go();
  const instance = await WebAssembly.instantiate(module, go.importObject);
  const name = `n2n ${Math.random()}`;
  let ready;
  const api = new Promise(resolve => { ready = resolve; });
  globalThis[name] = ready;
  go.argv = ['n2n', name];
  const ended = go.run(instance).then(() => { throw new N2NError({ code: 'closed', message: 'n2n.wasm has ended' }); });
  ended.catch(() => { program = null; });
  try {
    return await Promise.race([api, ended]);
  } finally {
    delete globalThis[name];
  }
}

async function compile(wasm) {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm)) return WebAssembly.compile(wasm);
  const response = wasm instanceof Response ? wasm : await fetch(wasm);
  if (!response.ok) throw new N2NError({ code: 'load', message: `${response.url}: HTTP status ${response.status}` });
  const type = response.headers.get('Content-Type') ?? '';
  if (type.startsWith('application/wasm')) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer()); // a server that does not know the type
}

// call waits for what the node does. An AbortSignal that has ended it is thrown
// with its reason, as fetch does.
async function call(f, signal, ...args) {
  signal?.throwIfAborted();
  try {
    return await new Promise((resolve, reject) => { f(resolve, reject, ...args, signal); });
  } catch (err) {
    if (signal?.aborted && err?.code === 'aborted') throw signal.reason;
    throw errorOf(err);
  }
}

function now(result) {
  if (result.error) throw errorOf(result.error);
  return result.value;
}

const bytes = data => typeof data === 'string' ? new TextEncoder().encode(data)
  : data instanceof Uint8Array ? data
  : data instanceof ArrayBuffer ? new Uint8Array(data)
  : ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  : data; // refused below

// websocket makes an absolute address of a WebSocket: relative ones are of the page.
function websocket(address) {
  const url = new URL(address, globalThis.location?.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  url.hash = '';
  return url.href;
}

// Node is one peer of an overlay network. With the option trace, it has 'step'
// events: what its state machines do.
export class Node extends EventTarget {
  #raw;

  static async create(options = {}) {
    const { wasm, signal, trace, ...rest } = options;
    const api = await load(wasm);
    const node = new Node(secret);
    if (trace) {
      rest.trace = detail => node.dispatchEvent(Object.assign(new Event('step'), detail));
    }
    node.#raw = await call(api.create, signal, rest);
    return node;
  }

  constructor(key) {
    if (key !== secret) throw new TypeError('use Node.create');
    super();
  }

  get id() { return this.#raw.id; }

  protocol(name, { maxMessage } = {}) {
    const p = new Protocol(secret, name);
    p[secret] = now(this.#raw.protocol(name, maxMessage, e => p[dispatch](e)));
    return p;
  }

  neighbors() { return now(this.#raw.neighbors()); }
  machines() { return now(this.#raw.machines()); }
  stats() { return now(this.#raw.stats()); }

  admit(offer, { signal } = {}) { return call(this.#raw.admit, signal, bytes(offer)); }

  async open({ entrance, room, signal }) {
    const door = await call(this.#raw.open, signal, websocket(entrance), room);
    return { get error() { return errorOf(now(door.state())) ?? null; }, close: () => call(door.close) };
  }

  leave({ signal } = {}) { return call(this.#raw.leave, signal); }
  close() { return call(this.#raw.close); }
}

const secret = Symbol('n2n'), dispatch = Symbol('dispatch');

// Protocol is a named application on a node, with views, messages and events of
// its own.
export class Protocol extends EventTarget {
  constructor(key, name) {
    if (key !== secret) throw new TypeError('use node.protocol');
    super();
    this.name = name;
  }

  [dispatch](e) {
    if (e.kind.startsWith('arc')) this.dispatchEvent(new ArcEvent(e));
    else if (e.kind.startsWith('track')) this.dispatchEvent(new TrackEvent(e));
    else this.dispatchEvent(Object.assign(new Event(e.kind), e.kind === 'lagged' ? { missed: e.missed } : {}));
  }

  join(how, { signal } = {}) {
    if (typeof how === 'function') return call(this[secret].join, signal, async offer => bytes(await how(offer)));
    return call(this[secret].enter, how.signal ?? signal, websocket(how.entrance), how.room);
  }

  connect(to, { via = [], signal } = {}) { return call(this[secret].connect, signal, to, via); }
  introduce(from, to, { signal } = {}) { return call(this[secret].introduce, signal, from, to); }
  invite(from, { signal } = {}) { return call(this[secret].invite, signal, from); }
  disconnect(to, { signal } = {}) { return call(this[secret].disconnect, signal, to); }
  reverse(to, { signal } = {}) { return call(this[secret].reverse, signal, to); }
  hold(to) { return call(this[secret].hold, undefined, to); }
  send(to, data, { signal } = {}) { return call(this[secret].send, signal, to, bytes(data)); }

  // stream sends a MediaStream, or one track, until it is closed.
  async stream(to, media, { signal } = {}) {
    const whole = media instanceof MediaStream;
    const s = await call(this[secret].stream, signal, to, whole ? media.getTracks() : [media], whole ? media : undefined);
    return { close: () => call(s.close), ended: call(s.ended) };
  }

  outview() { return new Map(now(this[secret].outview())); }
  inview() { return new Map(now(this[secret].inview())); }

  async receive({ signal } = {}) {
    const m = await call(this[secret].receive, signal);
    return { ...m, text: () => new TextDecoder().decode(m.data) };
  }

  // messages gives what comes, until the loop is left or the protocol is closed.
  async *messages({ signal } = {}) {
    for (;;) {
      let m;
      try {
        m = await this.receive({ signal });
      } catch (err) {
        if (err.code === 'closed' || signal?.aborted) return;
        throw err;
      }
      yield m;
    }
  }

  close() { return call(this[secret].close); }
}
