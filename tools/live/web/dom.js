// Small helpers to make elements. Text always goes in as text: much of it comes
// from peers.

export const $ = id => document.getElementById(id);

// el makes an element: attributes (on… are listeners, null is left out), then children.
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill(e, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(e, name, value);
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}

export function set(e, name, value) {
  if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
  else if (value === null || value === undefined || value === false) e.removeAttribute(name);
  else if (e.getAttribute(name) !== String(value)) e.setAttribute(name, value === true ? '' : value);
}

// options fills a select, and keeps what is chosen if it is still there.
export function options(select, list, chosen = select.value) {
  const now = JSON.stringify(list);
  if (select.dataset.list !== now) {
    select.dataset.list = now;
    select.replaceChildren(...list.map(([value, text]) => el('option', { value }, text)));
  }
  select.value = list.some(([value]) => value === chosen) ? chosen : list.length ? list[0][0] : '';
}

export const calm = matchMedia('(prefers-reduced-motion: reduce)');
