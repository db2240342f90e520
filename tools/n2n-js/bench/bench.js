// What bench measures, in one page: peers of n2n-overlay-wrtc and of n2n do the
// same, in turn, so that what disturbs one disturbs the other.

const Native = RTCPeerConnection;
let made = 0, connected = 0; // so far; n2n makes some before it needs them
globalThis.RTCPeerConnection = class extends Native {
  constructor(...args) {
    super(...args);
    made++;
    const count = () => {
      if (this.connectionState !== 'connected') return;
      connected++;
      this.removeEventListener('connectionstatechange', count);
    };
    this.addEventListener('connectionstatechange', count);
  }
};

const { Node } = await import('./n2n/n2n.js');
const { N2N } = await import('./seed.js');
const now = () => performance.now();

// Each side is: peers, an arc over another channel, one that a peer brokers, one
// more to a neighbor; each gives the time until the end that asked has it open.
const seed = {
  async peer() {
    const n = new N2N({ pid: 'bench', config: { trickle: true, config: { iceServers: [] } } });
    return n;
  },
  opened: (n) => new Promise(resolve => n.once('open', resolve)),
  async join(a, b) {
    const open = this.opened(a), begun = now();
    a.connect(request => b.connect(response => a.connect(response), request));
    await open;
    return now() - begun;
  },
  async introduce(broker, from, to) {
    const open = this.opened(from), begun = now();
    broker.connect(from.getInviewId(), to.getInviewId());
    await open;
    return now() - begun;
  },
  async again(a, b) {
    const open = this.opened(a), begun = now();
    a.connect(null, b.getInviewId());
    await open;
    return now() - begun;
  },
  arcs: (a, b) => [a.getOutview().get(b.getInviewId()) ?? 0, b.getInview().get(a.getOutviewId()) ?? 0],
  close: async n => n.disconnect(),
};

const ours = {
  async peer() {
    const node = await Node.create({ network: 'bench' });
    return Object.assign(node, { p: node.protocol('bench') });
  },
  async join(a, b) {
    const begun = now();
    await a.p.join(offer => b.admit(offer));
    return now() - begun;
  },
  async introduce(broker, from, to) {
    const open = new Promise(resolve => from.p.addEventListener('arcopened', e => e.direction === 'out' && resolve()));
    const begun = now();
    const told = broker.p.introduce(from.id, to.id);
    await open;
    const took = now() - begun;
    await told;
    return took;
  },
  async again(a, b) {
    const begun = now();
    await a.p.connect(b.id);
    return now() - begun;
  },
  arcs: (a, b) => [a.p.outview().get(b.id) ?? 0, b.p.inview().get(a.id) ?? 0],
  close: n => n.close(),
};

// Before and after what is measured all rest, so that late candidates, and what n2n
// prepares, are in nobody's time.
const rest = () => new Promise(resolve => setTimeout(resolve, 300));

// round does everything once with fresh peers.
async function round(side) {
  const [broker, x, y] = [await side.peer(), await side.peer(), await side.peer()];
  const r = {};
  await rest();
  let before = connected;
  r.direct = await side.join(broker, x);
  await side.join(broker, y);
  await rest();
  r.directConnections = (connected - before) / 2;
  before = connected;
  r.brokered = await side.introduce(broker, x, y);
  await rest();
  r.brokeredConnections = connected - before;
  const all = made;
  r.again = await side.again(x, y);
  await rest();
  r.againConnections = made - all;
  await side.introduce(broker, y, x); // the other direction of the pair
  await rest();
  r.bothWaysConnections = connected - before;
  [r.outArcs, r.inArcs] = side.arcs(x, y);
  for (const n of [broker, x, y]) await side.close(n);
  return r;
}

// hurry does the same without a rest: nothing is prepared.
async function hurry(side) {
  const [broker, x, y] = [await side.peer(), await side.peer(), await side.peer()];
  await side.join(broker, x);
  await side.join(broker, y);
  const brokered = await side.introduce(broker, x, y);
  for (const n of [broker, x, y]) await side.close(n);
  return brokered;
}

globalThis.bench = async rounds => {
  const all = { seed: [], ours: [] };
  await round(seed), await round(ours); // the first ones compile
  for (let i = 0; i < rounds; i++) {
    for (const [name, side] of i % 2 ? [['seed', seed], ['ours', ours]] : [['ours', ours], ['seed', seed]]) {
      const r = await round(side);
      await rest();
      all[name].push({ ...r, hurried: await hurry(side) });
    }
  }
  return all;
};
globalThis.ready = true;
