// A state machine as its spec draws it: dagre places the states, the current ones
// are lit, and the edge that was taken last glows.
import { layout, Graph } from './third_party/dagre.js';
import { svg, set } from './dom.js';

export class Chart {
  #drawn = null; // name of the machine that is drawn
  #shown = null; // state that was scrolled to
  #states = new Map();
  #ways = new Map();

  constructor(root) { this.root = root; }

  // draw lays a machine out, unless it is drawn already.
  draw(machine) {
    if (this.#drawn === machine.name) return;
    this.#drawn = machine.name;
    this.#states.clear();
    this.#ways.clear();
    const g = new Graph({ multigraph: true }).setGraph({ rankdir: 'TB', nodesep: 16, ranksep: 22, edgesep: 8, marginx: 10, marginy: 12 }).setDefaultEdgeLabel(() => ({}));
    for (const s of machine.states) g.setNode(s.name, { width: 18 + 8.2 * s.name.length, height: 34 });
    for (const w of machine.ways) {
      const lines = lined(w.by);
      g.setEdge(w.from, w.to, { width: 4 + 5.9 * Math.max(...lines.map(l => l.length)), height: 4 + 12 * lines.length, labelpos: 'c', lines });
    }
    layout(g);
    const { width, height } = g.graph();
    set(this.root, 'viewBox', `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`);
    this.root.style.maxWidth = `${Math.ceil(width * 1.15)}px`;
    this.root.style.minWidth = `${Math.ceil(width)}px`; // labels stay legible: a wide machine scrolls
    this.#shown = null;
    this.root.replaceChildren(svg('defs', {},
      svg('marker', { id: 'chart-tip', viewBox: '0 0 10 10', refX: 9, refY: 5, markerWidth: 8, markerHeight: 8, orient: 'auto', markerUnits: 'userSpaceOnUse' }, svg('path', { d: 'M0 1 10 5 0 9 2.6 5z' }))));
    for (const e of g.edges()) this.#way(e, g.edge(e));
    for (const s of machine.states) this.#state(s, g.node(s.name));
  }

  #way({ v, w }, { points, x, y, lines }) {
    const text = svg('text', { class: 'by' }, ...lines.map((l, i) => svg('tspan', { x, y: y + 4 + 12 * (i - (lines.length - 1) / 2) }, l)));
    const way = svg('g', { class: 'way' }, svg('path', { d: smooth(points), 'marker-end': 'url(#chart-tip)' }), text);
    this.#ways.set(`${v} ${w}`, way);
    this.root.append(way);
  }

  #state(s, { x, y, width, height }) {
    const g = svg('g', { class: `state${s.final ? ' final' : ''}${s.initial ? ' initial' : ''}`, transform: `translate(${x} ${y})`, 'data-state': s.name },
      svg('title', {}, s.doc || s.name),
      svg('rect', { x: -width / 2, y: -height / 2, width, height, rx: 9 }),
      svg('text', { dy: '.35em' }, s.name),
      svg('g', { class: 'bubble', transform: `translate(${width / 2 - 3} ${-height / 2 + 2})` }, svg('rect', { x: -12, y: -9, width: 24, height: 18, rx: 9 }), svg('text', { dy: '.35em' })));
    this.#states.set(s.name, g);
    this.root.append(g);
  }

  // light shows how many machines are in each state, and the last edge.
  light(counts, last) {
    for (const [name, g] of this.#states) {
      const n = counts.get(name) ?? 0;
      g.classList.toggle('lit', n > 0);
      g.classList.toggle('many', n > 1);
      g.querySelector('.bubble text').textContent = n > 1 ? n : '';
    }
    this.#reveal([...counts.keys()][0]);
    for (const [key, g] of this.#ways) g.classList.toggle('last', last !== null && key === `${last.from} ${last.to}`);
  }

  // reveal scrolls a wide machine until a state can be seen, unless it is the one
  // from before: who scrolls by hand is left alone.
  #reveal(name) {
    const state = this.#states.get(name);
    if (!state || name === this.#shown) return;
    this.#shown = name;
    const box = this.root.parentElement, at = state.getBoundingClientRect(), seen = box.getBoundingClientRect();
    if (at.left < seen.left || at.right > seen.right) box.scrollLeft += (at.left + at.right - seen.left - seen.right) / 2;
  }
}

// lined puts events into lines that are not too long.
function lined(events) {
  const lines = [];
  for (const e of events) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + e.length < 16) lines[lines.length - 1] = `${line}, ${e}`;
    else lines.push(e);
  }
  return lines;
}

// smooth draws a line through points without corners.
function smooth(points) {
  const p = points.map(({ x, y }) => [x.toFixed(1), y.toFixed(1)]);
  if (p.length < 3) return `M${p[0]}L${p.at(-1)}`;
  let d = `M${p[0]}`;
  for (let i = 1; i < p.length - 1; i++) {
    const last = i === p.length - 2;
    const to = last ? p[i + 1] : [((+p[i][0] + +p[i + 1][0]) / 2).toFixed(1), ((+p[i][1] + +p[i + 1][1]) / 2).toFixed(1)];
    d += `Q${p[i]} ${to}`;
  }
  return d;
}
