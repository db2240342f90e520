// What bench measures, in one page: peers of n2n-overlay-wrtc and of n2n do the
// same, in turn, so that what disturbs one disturbs the other.

const Native = RTCPeerConnection;
let connections = 0;
globalThis.RTCPeerConnection = class extends Native {
  constructor(...args) {
    super(...args);
    connections++;
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
    const open = new Promise(resolve => from.p.addEventListener('arcopened', e => e.direction === 'out' && resolve(), { once: false }));
    const begun = now();
    broker.p.introduce(from.id, to.id);
    await open;
    return now() - begun;
  },
  async again(a, b) {
    const begun = now();
    await a.p.connect(b.id);
    return now() - begun;
  },
  arcs: (a, b) => [a.p.outview().get(b.id) ?? 0, b.p.inview().get(a.id) ?? 0],
  close: n => n.close(),
};

// round does everything once with fresh peers.
async function round(side) {
  const [broker, x, y] = [await side.peer(), await side.peer(), await side.peer()];
  const r = {};
  let before = connections;
  r.direct = await side.join(broker, x);
  await side.join(broker, y);
  r.directConnections = (connections - before) / 2;
  before = connections;
  r.brokered = await side.introduce(broker, x, y);
  r.brokeredConnections = connections - before;
  before = connections;
  r.again = await side.again(x, y);
  r.againConnections = connections - before;
  before = connections;
  await side.introduce(broker, y, x); // the other direction of the pair
  r.bothWaysConnections = connections - before + r.brokeredConnections;
  await new Promise(resolve => setTimeout(resolve, 100)); // late candidates
  [r.outArcs, r.inArcs] = side.arcs(x, y);
  for (const n of [broker, x, y]) await side.close(n);
  return r;
}

globalThis.bench = async rounds => {
  const all = { seed: [], ours: [] };
  await round(seed), await round(ours); // the first ones compile
  for (let i = 0; i < rounds; i++) {
    for (const [name, side] of i % 2 ? [['seed', seed], ['ours', ours]] : [['ours', ours], ['seed', seed]]) all[name].push(await round(side));
  }
  return all;
};
globalThis.ready = true;
