// What is known of the network: what the nodes of the process say of themselves,
// and what this tab's own node sees. From both, one picture.

export const short = id => id.slice(0, 8);

// how an arc came to be: the class of its line.
export function how(arc) {
  if (!arc.new) return 'session';
  if (!arc.via?.length) return 'entrance';
  return arc.via.length === 1 ? 'broker' : 'path';
}

const rank = { self: 0, node: 1, other: 2 };

export class Store {
  hello = null;
  entrance = null;
  nodes = new Map(); // id -> description, of the process's nodes
  self = null;       // the description of this tab's node
  told = new Map();  // id of a neighbor -> whom it says it knows
  names = new Map(); // id -> what the peer calls itself

  update(u) {
    if (u.hello) {
      this.hello = u.hello;
      this.nodes.clear();
    }
    if (u.entrance) this.entrance = u.entrance;
    for (const d of u.nodes ?? []) this.nodes.set(d.id, d);
    if (u.all) for (const id of this.nodes.keys()) if (!u.all.includes(id)) this.nodes.delete(id);
  }

  description(id) { return this.self?.id === id ? this.self : this.nodes.get(id); }

  // mine reports whether commands to a peer can be carried out.
  mine(id) { return this.description(id) !== undefined; }

  name(id) {
    if (id === this.self?.id) return 'this tab';
    return this.nodes.get(id)?.name ?? this.names.get(id) ?? short(id);
  }

  label(id) { // at most four characters
    const name = this.name(id);
    if (id === this.self?.id) return 'me';
    return /^node \d+$/.test(name) ? name.slice(5) : name.slice(0, 4);
  }

  // picture gives peers, sessions and arcs. Arcs are grouped by their ends: list
  // has one entry for each, the newest last.
  picture() {
    const peers = new Map(), sessions = new Map(), arcs = new Map();
    const peer = id => {
      if (!peers.has(id)) {
        const kind = id === this.self?.id ? 'self' : this.nodes.has(id) ? 'node' : 'other';
        peers.set(id, { id, kind, name: this.name(id), label: this.label(id) });
      }
      return peers.get(id);
    };
    const session = (a, b, rtt, said) => {
      const key = a < b ? `${a} ${b}` : `${b} ${a}`;
      const s = sessions.get(key) ?? { key, a, b, rtt: 0, said };
      s.rtt = Math.max(s.rtt, rtt);
      s.said &&= said;
      sessions.set(key, s);
    };
    const arc = (from, to, a, via) => {
      const key = `${from} ${to}`;
      if (!arcs.has(key)) arcs.set(key, { key, from, to, list: [] });
      arcs.get(key).list.push({ how: how(a), via });
    };
    const all = [...this.nodes.values(), ...(this.self ? [this.self] : [])];
    for (const d of all) peer(d.id);
    for (const d of all) {
      for (const n of d.neighbors) {
        peer(n.peer);
        session(d.id, n.peer, n.rtt, false);
      }
      for (const a of d.arcs) {
        const via = a.via ?? [];
        peer(a.peer);
        if (a.out) arc(d.id, a.peer, a, via);
        else if (!this.mine(a.peer)) arc(a.peer, d.id, a, [...via].reverse());
      }
    }
    for (const [id, list] of this.told) {
      if (!peers.has(id)) continue;
      for (const other of list) {
        peer(other);
        session(id, other, 0, true);
      }
    }
    for (const id of this.entrance?.members ?? []) peer(id);
    for (const a of arcs.values()) {
      const brokered = a.list.filter(x => x.how !== 'session');
      a.how = (brokered.at(-1) ?? a.list.at(-1)).how;
    }
    const byName = [...peers.entries()].sort(([, a], [, b]) => rank[a.kind] - rank[b.kind] || a.name.localeCompare(b.name, 'en', { numeric: true }));
    return new Picture(new Map(byName), sessions, arcs);
  }
}

class Picture {
  constructor(peers, sessions, arcs) {
    Object.assign(this, { peers, sessions, arcs });
    this.near = new Map([...peers.keys()].map(id => [id, new Set()]));
    for (const { a, b } of sessions.values()) {
      this.near.get(a).add(b);
      this.near.get(b).add(a);
    }
  }

  // path gives the brokers of a shortest way from one peer to another, through a
  // third one if that is wanted; null: there is none of at most four.
  path(from, to, through) {
    let way;
    if (through) {
      const first = this.#way(from, through, to), second = this.#way(through, to, from);
      if (!first || !second || first.some(id => second.includes(id))) return null;
      way = [...first, through, ...second];
    } else {
      way = this.#way(from, to);
    }
    return way && way.length <= 4 ? way : null;
  }

  // #way gives who is between two peers, without one who must not be.
  #way(from, to, without) {
    const before = new Map([[from, null]]);
    for (const queue = [from]; queue.length;) {
      const at = queue.shift();
      for (const next of this.near.get(at) ?? []) {
        if (before.has(next) || next === without || (at === from && next === to && !without)) continue;
        before.set(next, at);
        if (next === to) {
          const way = [];
          for (let p = at; p !== from; p = before.get(p)) way.unshift(p);
          return way;
        }
        queue.push(next);
      }
    }
    return null;
  }

  // brokers gives who has a session with both.
  brokers(from, to) {
    return [...(this.near.get(from) ?? [])].filter(id => this.near.get(to)?.has(id));
  }
}
