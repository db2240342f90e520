// What stands beside the picture: the table, the machines, the log.
import { $, el, set, options } from './dom.js';
import { Chart } from './chart.js';
import { short } from './store.js';

const ways = { entrance: 'through the entrance', broker: 'brokered by', path: 'brokered by', session: 'on a session there was' };
const most = 200; // lines of a log

const ms = t => t === 0 ? '–' : t < 10 ? `${t.toFixed(1)} ms` : `${Math.round(t)} ms`;

// figures shows the network in numbers.
export function figures(picture) {
  const arcs = [...picture.arcs.values()].flatMap(a => a.list);
  const list = [
    ['peers', picture.peers.size], ['sessions', [...picture.sessions.values()].filter(s => !s.said).length],
    ['arcs', arcs.length], ['brokered', arcs.filter(a => a.how === 'broker' || a.how === 'path').length],
  ];
  $('figures').replaceChildren(...list.map(([name, n]) => el('div', { 'data-figure': name }, el('dt', {}, name), el('dd', {}, String(n)))));
}

export class Table {
  #rows = new Map();

  constructor(store, pick) {
    this.store = store;
    this.pick = pick;
  }

  show(picture, chosen) {
    for (const [id, row] of this.#rows) {
      if (picture.peers.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    let at = 0;
    for (const peer of picture.peers.values()) {
      let row = this.#rows.get(peer.id);
      if (!row) {
        row = el('tr', { 'data-id': peer.id });
        this.#rows.set(peer.id, row);
      }
      if ($('rows').children[at] !== row) $('rows').insertBefore(row, $('rows').children[at] ?? null);
      at++;
      this.#fill(row, peer, picture);
      row.classList.toggle('chosen', chosen.from === peer.id || chosen.to === peer.id);
    }
  }

  #fill(row, peer, picture) {
    const arcs = [...picture.arcs.values()];
    const out = arcs.filter(a => a.from === peer.id), into = arcs.filter(a => a.to === peer.id);
    const total = list => list.reduce((n, a) => n + a.list.length, 0);
    const rtts = [...picture.sessions.values()].filter(s => (s.a === peer.id || s.b === peer.id) && s.rtt > 0).map(s => s.rtt).sort((a, b) => a - b);
    const now = JSON.stringify([peer, out.map(a => [a.to, a.list]), total(into), picture.near.get(peer.id).size, rtts]);
    if (row.dataset.now === now) return;
    row.dataset.now = now;
    const focused = row.contains(document.activeElement);
    const name = el('button', { type: 'button', class: 'plain', title: peer.id, onclick: () => this.pick(peer.id) }, peer.name);
    row.replaceChildren(
      el('th', { scope: 'row' }, name, peer.name === short(peer.id) ? null : el('code', {}, short(peer.id))),
      el('td', { 'data-label': 'out' }, String(total(out))),
      el('td', { 'data-label': 'in' }, String(total(into))),
      el('td', { 'data-label': 'sessions' }, String(picture.near.get(peer.id).size)),
      el('td', { 'data-label': 'RTT' }, rtts.length ? ms(rtts[Math.floor(rtts.length / 2)]) : '–'),
      el('td', { class: 'arcs' }, el('ul', {}, ...out.flatMap(a => a.list.map(x => this.#chip(a.to, x))))));
    if (focused) name.focus();
  }

  #chip(to, { how, via }) {
    const brokers = via.map(id => this.store.name(id)).join(', ');
    const text = how === 'session' ? '' : how === 'entrance' ? ' · entrance' : ` · via ${via.map(id => this.store.label(id)).join(', ')}`;
    return el('li', { class: `how-${how}`, title: `to ${this.store.name(to)}, ${ways[how]} ${brokers}`.trim() }, `→ ${this.store.label(to)}${text}`);
  }
}

export class Machines {
  #chart = new Chart($('chart'));
  #kind = 'link';
  #node = null;
  #watch = null;
  #last = new Map(); // machine and peer -> its last step
  #charts = [];

  constructor(store) {
    this.store = store;
    $('other').addEventListener('change', () => this.#light());
  }

  // load gets the specs' machines.
  async load() {
    const list = await (await fetch('charts.json')).json();
    const order = ['link', 'session', 'arc', 'meeting', 'exchange'];
    this.#charts = list.filter(c => order.includes(c.name)).sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    $('kinds').replaceChildren(...this.#charts.map(c => el('label', { title: c.doc },
      el('input', { type: 'radio', name: 'kind', value: c.name, checked: c.name === this.#kind, onchange: () => { this.#kind = c.name; this.#light(); } }), el('span', {}, c.name))));
    this.#light();
  }

  // of shows another node's machines from now on; null: nobody's.
  of(node) {
    if (node === this.#node) return;
    this.#node = node;
    this.#watch = null;
    this.#last.clear();
    $('steps').replaceChildren();
    this.#light();
  }

  // update takes what the node's machines are, and their steps.
  update(watch) {
    if (watch.node !== this.#node) return;
    this.#watch = watch;
    const steps = watch.steps ?? [];
    for (const s of steps) this.#last.set(`${s.machine} ${s.peer}`, s), this.#last.set(s.machine, s);
    $('steps').prepend(...steps.slice(-most).reverse().map(s => this.#line(s)), ...(watch.missed ? [el('li', { class: 'missed' }, `${watch.missed} steps are gone already`)] : []));
    while ($('steps').childElementCount > most) $('steps').lastChild.remove();
    this.#light();
  }

  #line(s) {
    return el('li', { 'data-machine': s.machine }, el('time', {}, (s.at / 1000).toFixed(3)), el('b', {}, s.machine),
      el('span', {}, this.store.label(s.peer)), el('em', {}, s.from === s.to ? s.from : `${s.from} → ${s.to}`), el('span', { class: 'by' }, s.label ? `${s.event}/${s.label}` : s.event));
  }

  #light() {
    const chart = this.#charts.find(c => c.name === this.#kind);
    if (!chart) return;
    this.#chart.draw(chart);
    const name = this.#node ? this.store.name(this.#node) : null;
    $('machines-title').textContent = name ? `State machines of ${name}` : 'State machines';
    const machines = this.#watch?.machines ?? [];
    options($('other'), [['', 'every peer'], ...[...new Set(machines.map(m => m.peer))].map(id => [id, this.store.name(id)])]);
    const other = $('other').value, counts = new Map();
    let total = 0;
    for (const m of machines) {
      if (m.name !== this.#kind || (other && m.peer !== other)) continue;
      counts.set(m.state, (counts.get(m.state) ?? 0) + 1);
      total++;
    }
    this.#chart.light(counts, this.#last.get(other ? `${this.#kind} ${other}` : this.#kind) ?? null);
    const said = [...counts].map(([state, n]) => `${n} in ${state}`).join(', ');
    $('chart-said').textContent = !name ? 'Choose a peer to see its machines live.'
      : `${chart.doc ? chart.doc.split('\n')[0] + ' ' : ''}${total === 0 ? 'None now.' : `Now: ${said}.`} From ${chart.spec}.`;
  }
}

export class Log {
  constructor(store) { this.store = store; }

  add(e) {
    const line = this.#line(e);
    if (!line) return;
    $('log').prepend(el('li', { class: `kind-${e.kind}` }, el('time', {}, clock(e.at)), ...line));
    while ($('log').childElementCount > most) $('log').lastChild.remove();
  }

  #line(e) {
    const who = id => el('b', {}, this.store.name(id));
    const [from, to] = e.out ? [e.node, e.peer] : [e.peer, e.node];
    const over = e.via?.length ? `, brokered by ${e.via.map(id => this.store.name(id)).join(', ')}` : '';
    switch (e.kind) {
      case 'opened':
        if (!e.out && this.store.mine(e.peer)) return null; // its other end tells
        return [who(from), ' → ', who(to), el('span', {}, over || (e.new ? ', through the entrance' : ', on the session there was'))];
      case 'closed':
        if (!e.out && this.store.mine(e.peer)) return null;
        return [who(from), ' → ', who(to), el('span', {}, ` ended (${e.text})`)];
      case 'failed':
        return [who(e.node), ' → ', who(e.peer), el('span', {}, ` failed: ${e.text}`)];
      case 'message':
        return [who(e.peer), ' says to ', who(e.node), el('q', {}, e.text)];
      case 'sent':
        if (this.store.nodes.has(e.peer)) return null; // who hears it tells
        return [who(e.node), ' says to ', who(e.peer), el('q', {}, e.text)];
      case 'lagged':
        return [who(e.node), el('span', {}, ` saw ${e.missed} events too late`)];
    }
    return [el('span', {}, e.text ?? '')];
  }
}

function clock(at) {
  const s = at / 1000;
  return s < 60 ? s.toFixed(2) : `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;
}

// entrance shows what the entrance knows.
export function entrance(info) {
  set($('entrance'), 'hidden', !info);
  if (!info) return;
  const list = [
    ['connections', info.connections], ['rooms', info.rooms], ['doors', info.doors], ['newcomers at a door', info.visits],
    ['that wait', info.waiting], ['welcomed so far', info.joins], ['introduced so far', info.answered],
  ];
  if (info.room) list.push([`members of ${info.room}`, info.members?.length ?? 0]);
  $('entrance-figures').replaceChildren(...list.map(([name, n]) => el('div', {}, el('dt', {}, name), el('dd', {}, String(n)))));
}
