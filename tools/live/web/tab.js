// This tab as a peer: placeholder until n2n.js is there.
export class Tab extends EventTarget {
  static async enter() { throw new Error('not yet'); }
}
