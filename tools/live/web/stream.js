// The line to the process that serves the page: a WebSocket that is made again
// when it is lost. It tells what is new (an 'update' event), and carries commands.

export class Stream extends EventTarget {
  #ws = null;
  #calls = new Map();
  #last = 0;
  #wait = 250;
  #standing = new Map(); // commands that are said again on a new line: watch, room

  constructor(url) {
    super();
    this.url = url;
    this.#open();
  }

  #open() {
    const ws = this.#ws = new WebSocket(this.url);
    ws.onopen = () => {
      this.#wait = 250;
      for (const c of this.#standing.values()) ws.send(JSON.stringify(c));
      this.#tell('line', true);
    };
    ws.onmessage = m => {
      const u = JSON.parse(m.data);
      if (u.answer) this.#answered(u.answer);
      this.#tell('update', u);
    };
    ws.onclose = () => {
      for (const { reject } of this.#calls.values()) reject(new Error('the line to the process was lost'));
      this.#calls.clear();
      this.#tell('line', false);
      setTimeout(() => this.#open(), this.#wait);
      this.#wait = Math.min(2 * this.#wait, 8000);
    };
  }

  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }

  #answered({ call, error, took }) {
    const c = this.#calls.get(call);
    this.#calls.delete(call);
    if (!c) return;
    if (error) c.reject(new Error(error));
    else c.resolve(took);
  }

  // stand says a command now, and again on each new line, until the next of its kind.
  stand(command) {
    this.#standing.set(command.do, command);
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.send(JSON.stringify(command));
  }

  // call has a command carried out, and gives the milliseconds that it took.
  call(command) {
    if (this.#ws.readyState !== WebSocket.OPEN) return Promise.reject(new Error('there is no line to the process'));
    const call = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject });
      this.#ws.send(JSON.stringify({ call, ...command }));
    });
  }
}
