// The network as a picture: peers are circles, arcs arrows, sessions without arcs
// faint lines. d3-force finds the places. A new arc is shown with the way of its
// signals: dots go over its brokers and back, then the arrow is drawn.
import { forceSimulation, forceManyBody, forceLink, forceX, forceY, forceCollide } from './third_party/d3-force.js';
import { svg, set, calm } from './dom.js';

const largest = 19;       // radius of a peer, while there are few
const top = 34;           // room for the hint
const signalTime = 520;   // ms for the dots to cross one session
const classes = ['entrance', 'broker', 'path', 'session'];

export class Graph extends EventTarget {
  #places = new Map();  // id -> { id, x, y, vx, vy, g, peer }
  #arcs = new Map();    // key -> { g, line, hit, count, arc }
  #lines = new Map();   // sessions: key -> line
  #size = { w: 800, h: 520 };
  #r = largest;
  #choice = { from: null, to: null, via: [] };
  #focus = null;
  #picture = null;

  constructor(root) {
    super();
    this.root = root;
    root.append(
      svg('defs', {}, ...classes.map(c => svg('marker', {
        id: `tip-${c}`, class: `how-${c}`, viewBox: '0 0 10 10', refX: 8.5, refY: 5, markerWidth: 7, markerHeight: 7, orient: 'auto-start-reverse', markerUnits: 'userSpaceOnUse',
      }, svg('path', { d: 'M0 .8 10 5 0 9.2 2.6 5z' })))),
      this.sessions = svg('g', { class: 'sessions' }),
      this.arcs = svg('g', { class: 'arcs' }),
      this.way = svg('path', { class: 'way' }),
      this.signals = svg('g', { class: 'signals' }),
      this.peers = svg('g', { class: 'peers' }),
    );
    this.simulation = forceSimulation()
      .force('charge', this.charge = forceManyBody())
      .force('link', this.link = forceLink().id(p => p.id))
      .force('x', this.fx = forceX()).force('y', this.fy = forceY())
      .force('collide', this.collide = forceCollide(largest * 1.5))
      .alphaDecay(0.035).velocityDecay(0.35)
      .on('tick', () => this.#draw());
    new ResizeObserver(() => this.#resized()).observe(root);
    root.addEventListener('keydown', e => this.#key(e));
    root.addEventListener('click', e => { if (e.target === root) this.#tell('clear'); });
    this.#resized();
  }

  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }

  #resized() {
    const w = this.root.clientWidth || 800, h = this.root.clientHeight || 520;
    if (w === this.#size.w && h === this.#size.h && this.root.hasAttribute('viewBox')) return;
    this.#size = { w, h };
    set(this.root, 'viewBox', `0 0 ${w} ${h}`);
    this.#settle(0.5);
  }

  // #settle lets the places be found again for a size and a number of peers.
  #settle(alpha) {
    const { w, h } = this.#size, n = Math.max(1, this.#places.size);
    const room = Math.sqrt(w * h / n);
    this.#scale(Math.min(largest, Math.max(8, room * 0.16)));
    this.charge.strength(-0.026 * room * room); // they fill the room, however many they are
    this.link.distance(room).strength(0.04);
    this.fx.x(w / 2).strength(0.07 * Math.min(1.5, h / w));
    this.fy.y((h + top) / 2).strength(0.07 * Math.min(1.5, w / h));
    this.simulation.alpha(Math.max(this.simulation.alpha(), alpha));
    if (calm.matches) {
      this.simulation.stop().tick(200);
      this.#draw();
    } else {
      this.simulation.restart();
    }
  }

  #scale(r) {
    if (r === this.#r) return;
    this.#r = r;
    this.collide.radius(r * 1.5);
    this.root.style.setProperty('--scale', r / largest);
    for (const { g } of this.#places.values()) this.#sized(g);
  }

  #sized(g) {
    set(g.querySelector('.halo'), 'r', this.#r + 7);
    set(g.querySelector('.disc'), 'r', this.#r);
    set(g.querySelector('.mark'), 'y', this.#r + 15);
  }

  // show draws a picture; places of peers that stay are kept.
  show(picture) {
    this.#picture = picture;
    let moved = false;
    for (const [id, place] of this.#places) {
      if (picture.peers.has(id)) continue;
      place.g.remove();
      this.#places.delete(id);
      moved = true;
    }
    for (const peer of picture.peers.values()) {
      let place = this.#places.get(peer.id);
      if (!place) {
        place = this.#enter(peer, picture);
        moved = true;
      }
      this.#label(place, peer, picture);
    }
    const links = this.#pairs(picture);
    moved ||= links !== this.links;
    this.links = links;
    this.#lineUp(picture);
    if (moved) {
      this.simulation.nodes([...this.#places.values()]);
      this.link.links([...picture.sessions.values()].map(s => ({ source: s.a, target: s.b })));
      this.#settle(0.35);
    } else {
      this.#draw();
    }
    this.choose(this.#choice);
  }

  #pairs(picture) { return [...picture.sessions.keys()].sort().join(); }

  #enter(peer, picture) {
    const { w, h } = this.#size;
    const near = [...(picture.near.get(peer.id) ?? [])].map(id => this.#places.get(id)).filter(Boolean);
    const angle = this.#places.size * 2.4; // the golden angle spreads them
    const x = near.length ? near.reduce((s, p) => s + p.x, 0) / near.length : w / 2 + Math.cos(angle) * w * 0.3;
    const y = near.length ? near.reduce((s, p) => s + p.y, 0) / near.length : h / 2 + Math.sin(angle) * h * 0.3;
    const place = { id: peer.id, x: x + Math.cos(angle) * 40, y: y + Math.sin(angle) * 40 };
    place.g = svg('g', { class: 'peer', role: 'button', tabindex: -1, 'data-id': peer.id },
      svg('circle', { class: 'halo' }), svg('circle', { class: 'disc' }),
      svg('text', { class: 'name', dy: '.35em' }), svg('text', { class: 'mark' }));
    this.#sized(place.g);
    place.g.addEventListener('pointerdown', e => this.#drag(e, place));
    place.g.addEventListener('focus', () => { this.#focus = peer.id; });
    this.peers.append(place.g);
    this.#places.set(peer.id, place);
    return place;
  }

  #label(place, peer, picture) {
    place.peer = peer;
    const out = this.#count(picture, a => a.from === peer.id), into = this.#count(picture, a => a.to === peer.id);
    place.g.querySelector('.name').textContent = peer.label;
    place.said = `${peer.name}: ${out} arcs out, ${into} in, ${picture.near.get(peer.id).size} sessions`;
    for (const kind of ['self', 'node', 'other']) place.g.classList.toggle(kind, kind === peer.kind);
  }

  #count(picture, f) {
    let n = 0;
    for (const a of picture.arcs.values()) if (f(a)) n += a.list.length;
    return n;
  }

  // #lineUp makes the lines that the picture has.
  #lineUp(picture) {
    const paired = new Set();
    for (const [key, arc] of picture.arcs) {
      paired.add(arc.from < arc.to ? key : `${arc.to} ${arc.from}`);
      let a = this.#arcs.get(key);
      if (!a) {
        a = { line: svg('path', {}), count: svg('text', { class: 'count' }) };
        a.g = svg('g', { 'data-arc': key }, a.line, a.count);
        this.arcs.append(a.g);
        this.#arcs.set(key, a);
      }
      a.arc = arc;
      a.g.setAttribute('class', `arc how-${arc.how}`);
      set(a.line, 'marker-end', `url(#tip-${arc.how})`);
      a.count.textContent = arc.list.length > 1 ? `×${arc.list.length}` : '';
    }
    for (const [key, a] of this.#arcs) {
      if (picture.arcs.has(key)) continue;
      a.g.remove();
      this.#arcs.delete(key);
    }
    for (const [key, s] of picture.sessions) {
      const wanted = !paired.has(key);
      let l = this.#lines.get(key);
      if (wanted && !l) {
        l = { line: svg('line', {}), s };
        this.sessions.append(l.line);
        this.#lines.set(key, l);
      }
      if (l) l.line.setAttribute('class', s.said ? 'said' : 'idle');
      if (!wanted && l) {
        l.line.remove();
        this.#lines.delete(key);
      }
    }
    for (const [key, l] of this.#lines) {
      if (picture.sessions.has(key)) continue;
      l.line.remove();
      this.#lines.delete(key);
    }
  }

  #draw() {
    const { w, h } = this.#size, R = this.#r;
    for (const p of this.#places.values()) {
      p.x = Math.min(Math.max(p.x, R + 12), Math.max(w - R - 12, R + 12));
      p.y = Math.min(Math.max(p.y, R + top), Math.max(h - R - 22, R + top));
      p.g.setAttribute('transform', `translate(${p.x.toFixed(1)} ${p.y.toFixed(1)})`);
    }
    for (const a of this.#arcs.values()) {
      const c = this.#curve(a.arc.from, a.arc.to);
      a.line.setAttribute('d', c.d);
      a.count.setAttribute('x', c.x);
      a.count.setAttribute('y', c.y);
    }
    for (const { line, s } of this.#lines.values()) {
      const a = this.#places.get(s.a), b = this.#places.get(s.b);
      for (const [k, v] of [['x1', a.x], ['y1', a.y], ['x2', b.x], ['y2', b.y]]) line.setAttribute(k, v.toFixed(1));
    }
    this.#drawWay();
  }

  // #curve bends an arc to its right, so that the two directions do not meet.
  #curve(from, to) {
    const a = this.#places.get(from), b = this.#places.get(to);
    const dx = b.x - a.x, dy = b.y - a.y, l = Math.hypot(dx, dy) || 1;
    const bend = Math.min(26, l * 0.13), mx = (a.x + b.x) / 2 - dy / l * bend, my = (a.y + b.y) / 2 + dx / l * bend;
    const end = (p, gap) => {
      const ex = mx - p.x, ey = my - p.y, el = Math.hypot(ex, ey) || 1;
      return [(p.x + ex / el * gap).toFixed(1), (p.y + ey / el * gap).toFixed(1)];
    };
    const [sx, sy] = end(a, this.#r + 2), [ex, ey] = end(b, this.#r + 4);
    return { d: `M${sx} ${sy}Q${mx.toFixed(1)} ${my.toFixed(1)} ${ex} ${ey}`, x: ((a.x + b.x) / 4 + mx / 2).toFixed(1), y: ((a.y + b.y) / 4 + my / 2).toFixed(1) };
  }

  // choose marks who is chosen, and the way of the signals.
  choose(choice) {
    this.#choice = choice;
    const { from, to, via } = choice;
    this.root.classList.toggle('chosen', Boolean(from));
    let tab = this.#places.has(this.#focus) ? this.#focus : this.#places.has(from) ? from : this.#places.keys().next().value;
    for (const p of this.#places.values()) {
      const as = p.id === from ? 'from' : p.id === to ? 'to' : via.includes(p.id) ? 'over' : '';
      p.g.dataset.as = as;
      p.g.querySelector('.mark').textContent = as;
      set(p.g, 'aria-pressed', as === 'from' || as === 'to' ? 'true' : 'false');
      set(p.g, 'aria-label', p.said + (as ? `, chosen as ${as}` : ''));
      set(p.g, 'tabindex', p.id === tab ? 0 : -1);
    }
    for (const a of this.#arcs.values()) a.g.classList.toggle('touched', a.arc.from === from || a.arc.to === from);
    this.#drawWay();
  }

  #drawWay() {
    const { from, to, via } = this.#choice;
    const stops = from && to ? [from, ...via, to].map(id => this.#places.get(id)) : [];
    set(this.way, 'd', stops.length && stops.every(Boolean) ? 'M' + stops.map(p => `${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join('L') : null);
  }

  // opened shows how a new arc came to be.
  async opened(from, to, via) {
    const stops = [from, ...via, to].map(id => this.#places.get(id));
    if (calm.matches || document.hidden || stops.some(p => !p) || this.signals.childElementCount > 24) return;
    const dot = svg('circle', { class: 'dot', r: 5 });
    this.signals.append(dot);
    if (via.length) { // the offer goes, the answer comes back
      await this.#travel(dot, stops, signalTime * (stops.length - 1));
      await this.#travel(dot, [...stops].reverse(), signalTime * (stops.length - 1) * 0.7);
    }
    dot.remove();
    const a = this.#arcs.get(`${from} ${to}`);
    if (!a) return;
    const l = a.line.getTotalLength();
    a.g.classList.add('fresh');
    const drawn = a.line.animate([{ strokeDasharray: `${l} ${l}`, strokeDashoffset: l }, { strokeDasharray: `${l} ${l}`, strokeDashoffset: 0 }], { duration: 420, easing: 'ease-out' });
    await drawn.finished.catch(() => {});
    setTimeout(() => a.g.classList.remove('fresh'), 1800);
  }

  #travel(dot, stops, time) {
    const begun = performance.now();
    return new Promise(done => {
      const move = now => {
        const at = Math.min(1, Math.max(0, (now - begun) / time)) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
        const a = stops[i], b = stops[i + 1], t = at - i;
        set(dot, 'cx', a.x + (b.x - a.x) * t);
        set(dot, 'cy', a.y + (b.y - a.y) * t);
        if (now - begun < time) requestAnimationFrame(move);
        else done();
      };
      requestAnimationFrame(move);
    });
  }

  #drag(e, place) {
    if (e.button !== 0) return;
    const begin = { x: e.clientX, y: e.clientY };
    let dragging = false;
    place.g.setPointerCapture(e.pointerId);
    const move = e => {
      if (!dragging && Math.hypot(e.clientX - begin.x, e.clientY - begin.y) < 5) return;
      dragging = true;
      const box = this.root.getBoundingClientRect();
      place.fx = e.clientX - box.left;
      place.fy = e.clientY - box.top;
      this.simulation.alphaTarget(0.2).restart();
    };
    const end = e => {
      place.g.removeEventListener('pointermove', move);
      place.fx = place.fy = null;
      this.simulation.alphaTarget(0);
      if (!dragging && e.type === 'pointerup') this.#tell('pick', place.id);
    };
    place.g.addEventListener('pointermove', move);
    for (const kind of ['pointerup', 'pointercancel']) place.g.addEventListener(kind, end, { once: true });
  }

  #key(e) {
    const at = this.#places.get(e.target.dataset?.id);
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (e.key === 'Escape') this.#tell('clear');
    else if (at && (e.key === 'Enter' || e.key === ' ')) this.#tell('pick', at.id);
    else if (at && ways[e.key]) this.#go(at, ways[e.key]);
    else return;
    e.preventDefault();
  }

  // #go moves the focus to the nearest peer in a direction.
  #go(at, [dx, dy]) {
    let best = null, least = Infinity;
    for (const p of this.#places.values()) {
      const along = (p.x - at.x) * dx + (p.y - at.y) * dy, off = Math.abs((p.x - at.x) * dy) + Math.abs((p.y - at.y) * dx);
      if (p === at || along <= 0 || along + 2 * off >= least) continue;
      [best, least] = [p, along + 2 * off];
    }
    if (!best) return;
    this.#focus = best.id;
    this.choose(this.#choice);
    best.g.focus();
  }
}
