// This tab as a peer: a node of n2n.js, which enters at the entrance that serves
// the page and keeps a door open there itself. What it sees goes into the store,
// in the words in which the process describes its nodes.
const module = '/n2n/n2n.js';
const every = 1000; // ms between two looks at what changes silently

export class Tab extends EventTarget {
  #arcs = [];
  #watched = false;
  #steps = [];
  #asked = 0;

  // create makes the node, which knows nobody yet.
  static async create(store) {
    const { Node } = await import(module).catch(async err => {
      const response = await fetch(module); // an import that fails does not say why
      throw response.ok ? err : new Error((await response.text()).trim());
    });
    const { network, protocol } = store.hello;
    const tab = new Tab();
    tab.store = store;
    tab.node = await Node.create({ network, key: `n2n page of ${network}`, trace: true });
    tab.protocol = tab.node.protocol(protocol);
    tab.speaks = protocol === 'chat' ? notes(tab) : plain(tab);
    tab.node.addEventListener('step', e => tab.#step(e));
    tab.protocol.addEventListener('arcopened', e => tab.#opened(e));
    tab.protocol.addEventListener('arcclosed', e => tab.#closed(e));
    tab.protocol.addEventListener('arcfailed', e => tab.#tell({ kind: 'failed', peer: e.peer, out: true, via: e.via, text: e.error.message }));
    tab.#hear();
    setInterval(() => tab.#changed(), every);
    addEventListener('pagehide', () => tab.node.leave());
    tab.#changed();
    return tab;
  }

  // enter opens a door and joins, and says how that went.
  async enter(room) {
    const { entrance } = this.store.hello;
    try {
      this.door = await this.node.open({ entrance, room });
      const friend = await this.protocol.join({ entrance, room });
      return `This tab is a peer of the network: ${this.store.name(friend)} let it in.`;
    } catch (err) {
      if (err.code === 'empty-room') return 'This tab is a peer, and the first one in this room. Its door is open.';
      return `This tab is a peer, but met nobody: ${err.message}`;
    }
  }

  get id() { return this.node.id; }

  // run carries out a command of the page, and gives the milliseconds it took.
  async run(c) {
    const begun = performance.now();
    switch (c.do) {
      case 'connect': await this.protocol.connect(c.to, { via: c.via }); break;
      case 'introduce': await this.protocol.introduce(c.from, c.to); break;
      case 'invite': await this.protocol.invite(c.from); break;
      case 'reverse': await this.protocol.reverse(c.to); break;
      case 'disconnect': await this.protocol.disconnect(c.to); break;
      case 'send':
        await this.protocol.send(c.to, this.speaks.say(c.text));
        this.#tell({ kind: 'sent', peer: c.to, out: true, text: c.text });
        break;
    }
    return performance.now() - begun;
  }

  // watch has the machines told from now on, or not any more.
  watch(on) {
    if (on && !this.#watched) {
      this.#watched = true;
      this.#show();
    }
    this.#watched = on;
  }

  async #hear() {
    for await (const m of this.protocol.messages()) {
      const text = this.speaks.heard(m);
      if (text !== null) this.#tell({ kind: 'message', peer: m.from, text });
    }
  }

  #opened(e) {
    this.#arcs.push({ peer: e.peer, out: e.direction === 'out', new: e.newSession, via: e.via });
    this.speaks.met(e.peer);
    this.#changed();
    this.#tell({ kind: 'opened', peer: e.peer, out: e.direction === 'out', new: e.newSession, via: e.via });
  }

  #closed(e) {
    const out = e.direction === 'out', i = this.#arcs.findLastIndex(a => a.peer === e.peer && a.out === out);
    if (i >= 0) this.#arcs.splice(i, 1);
    this.#changed();
    this.#tell({ kind: 'closed', peer: e.peer, out, text: e.cause });
  }

  #tell(e) { this.dispatchEvent(new CustomEvent('happened', { detail: { node: this.id, ...e } })); }

  #changed() {
    const now = { id: this.id, name: 'this tab', neighbors: this.node.neighbors(), arcs: [...this.#arcs] };
    const known = new Set(now.neighbors.map(n => n.peer));
    for (const id of this.store.told.keys()) if (!known.has(id)) this.store.told.delete(id);
    this.store.self = now;
    this.speaks.ask(now.neighbors);
    this.dispatchEvent(new Event('change'));
    if (this.#watched) this.#show();
  }

  #step(e) {
    const { at, machine, peer, from, event, label, to, line } = e;
    this.#steps.push({ at, machine, peer, from, event, label, to, line });
    if (this.#steps.length > 512) this.#steps.shift();
    if (this.#watched && !this.#asked) this.#asked = setTimeout(() => this.#show(), 60);
  }

  #show() {
    this.#asked = 0;
    const detail = { node: this.id, machines: this.node.machines(), steps: this.#steps };
    this.#steps = [];
    this.dispatchEvent(new CustomEvent('watch', { detail }));
  }
}

// plain is a protocol whose messages are text.
const plain = () => ({ say: text => text, heard: m => m.text().slice(0, 512), met() {}, ask() {} });

// notes is what n2n join speaks: JSON with a kind. Neighbors are asked whom they
// know, which shows the network as far as they tell.
function notes(tab) {
  const { store } = tab, asked = new Map(); // neighbor -> when
  const send = (peer, note) => tab.protocol.send(peer, JSON.stringify(note)).catch(() => {}); // who has left needs no note
  return {
    say: text => JSON.stringify({ kind: 'say', text }),
    met(peer) { send(peer, { kind: 'hello', text: `tab-${tab.id.slice(0, 4)}` }); },
    ask(neighbors) {
      const open = new Set([...tab.protocol.outview().keys(), ...tab.protocol.inview().keys()]);
      for (const { peer } of neighbors) {
        if (!open.has(peer) || performance.now() - (asked.get(peer) ?? -Infinity) < 3000) continue;
        asked.set(peer, performance.now());
        send(peer, { kind: 'who', number: 1 });
      }
    },
    heard(m) {
      let note;
      try {
        note = JSON.parse(m.text());
      } catch {
        return null; // another program's
      }
      const name = text => typeof text === 'string' ? text.slice(0, 24) : '';
      switch (note?.kind) {
        case 'say': return String(note.text).slice(0, 512);
        case 'hello': store.names.set(m.from, name(note.text)); break;
        case 'who': send(m.from, { kind: 'known', number: note.number, known: [...tab.protocol.outview().keys()].filter(id => id !== m.from).slice(0, 32).map(id => ({ id, name: store.names.get(id) })) }); break;
        case 'known': {
          const known = (Array.isArray(note.known) ? note.known.slice(0, 32) : []).filter(k => /^[a-z2-7]{52}$/.test(k?.id));
          for (const k of known) if (k.name && !store.names.has(k.id)) store.names.set(k.id, name(k.name));
          store.told.set(m.from, known.map(k => k.id).filter(id => id !== tab.id));
          break;
        }
      }
      return null;
    },
  };
}
