// The page: it takes what is new from the process and from this tab's own node,
// shows it, and has what is clicked carried out.
import { $, set, options } from './dom.js';
import { Stream } from './stream.js';
import { Store } from './store.js';
import { Graph } from './graph.js';
import { Table, Machines, Log, figures, entrance } from './panels.js';
import { Tab } from './tab.js';

const store = new Store();
const stream = new Stream(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`);
const graph = new Graph($('graph'));
const machines = new Machines(store);
const log = new Log(store);
const table = new Table(store, pick);
const choice = { from: null, to: null, via: [] };
const room = new URLSearchParams(location.search).get('room');
let tab = null;    // this tab's node
let begun = 0;     // when the process's page began, by this tab's clock
let picture = store.picture();
let drawing = false;

// show draws everything anew, once a frame at most.
function show() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    picture = store.picture();
    for (const end of ['from', 'to']) if (choice[end] && !picture.peers.has(choice[end])) choose({ from: null, to: null });
    graph.show(picture);
    table.show(picture, choice);
    figures(picture);
    entrance(store.entrance);
    set($('empty'), 'hidden', picture.arcs.size + picture.sessions.size > 0);
    form();
  });
}

stream.addEventListener('line', ({ detail: up }) => {
  $('line').textContent = up ? 'live' : 'reconnecting …';
  $('line').classList.toggle('up', up);
});

stream.addEventListener('update', ({ detail: u }) => {
  store.update(u);
  for (const e of u.events ?? []) begun = performance.now() - e.at; // the clock of the process
  if (u.hello) greet(u.hello);
  if (u.watch) machines.update(u.watch);
  if (u.nodes || u.all || u.entrance || u.hello) show();
  if (u.missed) log.add({ at: 0, kind: 'note', text: `${u.missed} events were too fast to show` });
  for (const e of u.events ?? []) happened(e, u.hello !== undefined);
});

function greet(hello) {
  $('title').textContent = hello.title;
  document.title = `n2n ${hello.title}`;
  set($('join'), 'hidden', !hello.peer || !hello.room || tab !== null);
  if (hello.room) stream.stand({ do: 'room', text: room ?? hello.room });
  if (hello.entrance) $('empty').textContent = 'Nobody to be seen from here: an entrance sees who comes, but not who is connected. Make this tab a peer, and it shows what its own node sees.';
}

// happened shows an event; of those that are old when the page opens, only the text.
function happened(e, old) {
  log.add(e);
  if (e.kind !== 'opened' || old || (!e.out && store.mine(e.peer))) return;
  show();
  const via = e.via ?? [];
  requestAnimationFrame(() => requestAnimationFrame(() =>
    e.out ? graph.opened(e.node, e.peer, via) : graph.opened(e.peer, e.node, [...via].reverse())));
}

// pick takes a click on a peer: the first is from, the second to, and a third one
// brokers.
function pick(id) {
  const { from, to } = choice;
  if (id === from) choose({ from: null, to: null });
  else if (!from) choose({ from: id, to: null });
  else if (!to) choose({ to: id });
  else if (id === to) choose({ to: null });
  else {
    const via = picture.path(from, to, id);
    if (via) choose({ via });
    else say(`${store.name(id)} is on no way from ${store.name(from)} to ${store.name(to)} that has four brokers or fewer.`, true);
  }
}

function choose(change) {
  const before = choice.from;
  Object.assign(choice, change);
  if (!change.via) choice.via = choice.from && choice.to ? way(choice.from, choice.to) : [];
  if (choice.from !== before || change.from) look(choice.from);
  graph.choose(choice);
  table.show(picture, choice);
  form();
}

// way is how two peers connect unless another way is chosen: on the session there
// is, or over the fewest brokers.
function way(from, to) {
  return picture.near.get(from)?.has(to) ? [] : picture.path(from, to) ?? [];
}

// look shows the machines of a peer, if they can be seen from here.
function look(id) {
  machines.of(id && store.mine(id) ? id : null);
  const here = id && store.nodes.has(id);
  stream.stand({ do: 'watch', ...(here ? { node: id } : {}) });
  tab?.watch(id === tab.id);
}

function form() {
  const peers = [...picture.peers.values()].map(p => [p.id, p.name]);
  const { from, to, via } = choice;
  options($('from'), [['', '—'], ...peers], from ?? '');
  options($('to'), [['', '—'], ...peers.filter(([id]) => id !== from)], to ?? '');
  options($('via'), from && to ? waysOf(from, to, via) : [['', '—']], via.join(' '));
  const near = from && to && picture.near.get(from)?.has(to), open = from && to && picture.arcs.has(`${from} ${to}`);
  const mine = from && store.mine(from), broker = via.length === 1 && store.mine(via[0]) ? via[0] : null;
  const invite = near && via.length === 0 && to && store.mine(to);
  set($('connect'), 'disabled', !(from && to && (mine ? near || via.length > 0 : invite)));
  set($('introduce'), 'disabled', !(from && to && broker));
  for (const id of ['disconnect', 'reverse']) set($(id), 'disabled', !(open && mine));
  set($('clear'), 'disabled', !from);
  const talk = from && to && mine && (open || picture.arcs.has(`${to} ${from}`));
  for (const e of $('say').elements) set(e, 'disabled', !talk);
  $('hint').textContent = picture.peers.size === 0 ? '' : !from ? 'Choose a peer: whom an arc is to leave from.'
    : !to ? `From ${store.name(from)} – choose whom to.` : 'Choose another peer to have it broker, or Connect.';
}

// waysOf lists the ways of the signals from one peer to another.
function waysOf(from, to, via) {
  const list = [];
  const add = w => { if (w && !list.some(([v]) => v === w.join(' '))) list.push([w.join(' '), w.length ? w.map(id => store.name(id)).join(', then ') : 'the session there is']); };
  if (picture.near.get(from)?.has(to)) add([]);
  add(via);
  for (const b of picture.brokers(from, to)) add([b]);
  add(picture.path(from, to));
  return list.length ? list : [['', 'nobody: no way is known']];
}

// run has a command carried out: by this tab's node, or in the process.
function run(command) {
  return tab && command.node === tab.id ? tab.run(command) : stream.call(command);
}

function say(text, wrong = false) {
  $('outcome').textContent = text;
  $('outcome').classList.toggle('wrong', wrong);
}

async function act(what, command) {
  say(`${what} …`);
  try {
    const took = await run(command);
    say(`${what}: done in ${took.toFixed(1)} ms.`);
    return true;
  } catch (err) {
    say(`${what}: ${err.message}`, true);
    return false;
  }
}

const name = id => store.name(id);

$('form').addEventListener('submit', e => {
  e.preventDefault();
  const { from, to, via } = choice;
  if (!from || !to) return;
  const over = via.length ? ` over ${via.map(name).join(', ')}` : '';
  if (store.mine(from)) act(`${name(from)} connects to ${name(to)}${over}`, { do: 'connect', node: from, to, via });
  else act(`${name(to)} invites ${name(from)}`, { do: 'invite', node: to, from });
});
$('introduce').addEventListener('click', () => {
  const { from, to, via: [broker] } = choice;
  act(`${name(broker)} introduces ${name(from)} to ${name(to)}`, { do: 'introduce', node: broker, from, to });
});
$('reverse').addEventListener('click', () => act(`${name(choice.from)} → ${name(choice.to)} turns round`, { do: 'reverse', node: choice.from, to: choice.to }));
$('disconnect').addEventListener('click', () => act(`${name(choice.from)} leaves ${name(choice.to)}`, { do: 'disconnect', node: choice.from, to: choice.to }));
$('say').addEventListener('submit', async e => {
  e.preventDefault();
  const { from, to } = choice, text = $('text').value.trim();
  if (!from || !to || !text) return;
  if (await act(`${name(from)} says it to ${name(to)}`, { do: 'send', node: from, to, text })) $('text').value = '';
});
$('from').addEventListener('change', () => choose({ from: $('from').value || null, to: choice.to === $('from').value ? null : choice.to }));
$('to').addEventListener('change', () => choose({ to: $('to').value || null }));
$('via').addEventListener('change', () => choose({ via: $('via').value ? $('via').value.split(' ') : [] }));
$('clear').addEventListener('click', () => choose({ from: null, to: null }));
graph.addEventListener('pick', e => pick(e.detail));
graph.addEventListener('clear', () => choose({ from: null, to: null }));
addEventListener('keydown', e => { if (e.key === 'Escape') choose({ from: null, to: null }); });

function notice(text) {
  $('notice').textContent = text;
  set($('notice'), 'hidden', text === '');
}

$('join').addEventListener('click', async () => {
  set($('join'), 'disabled', true);
  notice('Getting the peer: when nobody has asked for it before, it is being compiled now, which may take half a minute …');
  try {
    tab = await Tab.create(store);
    tab.addEventListener('change', show);
    tab.addEventListener('happened', e => happened({ at: performance.now() - begun, ...e.detail }, false));
    tab.addEventListener('watch', e => machines.update(e.detail));
    set($('join'), 'hidden', true);
    notice('Entering …');
    notice(await tab.enter(room ?? store.hello.room));
    if (!choice.from && picture.peers.has(tab.id)) choose({ from: tab.id, to: null });
  } catch (err) {
    notice(`This tab is no peer: ${err.message}`);
    set($('join'), 'disabled', false);
  }
});

machines.load();
show();
