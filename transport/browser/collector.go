//go:build js && wasm

package browser

import (
	"encoding/binary"
	"syscall/js"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

const (
	// tickAfter is how long messages wait for others: less than what a channel may
	// have under way takes by far, and enough for a dozen of them.
	tickAfter = 4 * time.Millisecond

	// manyMessages within tickAfter, large ones, are many: 12 MB/s. A peer that sends
	// the next large message when it has an answer is not to wait for a tick.
	manyMessages = 3

	gatherSize = 256 << 10 // bytes that come over at once
)

// gather moves the first messages of an array of events into one buffer, each after
// its size, and gives the bytes that took. It stops at what Go is to look at first: a
// text, or more than a message may have.
const gather = `
	const view = new DataView(into.buffer);
	let n = 0, at = 0;
	for (const { data } of events) {
		if (!(data instanceof ArrayBuffer) || data.byteLength > most || at + 4 + data.byteLength > into.length) break;
		view.setUint32(at, data.byteLength);
		into.set(new Uint8Array(data), at + 4);
		at += 4 + data.byteLength;
		n++;
	}
	events.splice(0, n);
	return at;`

// A collector has large messages wait in JavaScript while many come, and takes them
// together: a call into Go for each is most of what a message costs the page, and
// between two tabs the page's thread is what limits the throughput. The browser puts
// them into an array by itself (a bound Array.prototype.push hears the event), and
// nothing waits there that would not in the browser's own queue otherwise.
//
// Moving them takes a function of JavaScript. Where the page's Content Security Policy
// forbids to make one (script-src without 'unsafe-eval'), each message is Go's at once,
// as it is while few come, and in a page that is hidden, whose timers are slow: one
// that becomes so meanwhile has a last tick, up to a second late.
//
// Only callbacks of JavaScript use it, one at a time.
type collector struct {
	gather   js.Value // undefined before it is needed
	refused  bool     // there is no gather
	into     js.Value // Uint8Array
	buf      []byte   // as large
	tick     js.Func
	timer    js.Value // of the next tick
	channels []*channel
}

// make makes what is needed, once.
func (x *collector) make() {
	if x.refused || !x.gather.IsUndefined() {
		return
	}
	f, err := construct(js.Global().Get("Function"), "events", "into", "most", gather)
	if err != nil {
		x.refused = true
		return
	}
	x.gather = f
	x.buf = make([]byte, gatherSize)
	x.into = js.Global().Get("Uint8Array").New(len(x.buf))
	x.tick = js.FuncOf(func(js.Value, []js.Value) any {
		x.collect()
		return nil
	})
}

// add begins to collect the messages of a channel.
func (x *collector) add(c *channel) {
	if x.make(); x.refused || hidden() {
		return
	}
	if c.push.IsUndefined() {
		c.arrived = js.Global().Get("Array").New()
		c.push = c.arrived.Get("push").Call("bind", c.arrived)
	}
	if !c.hear(c.push) {
		return
	}
	if x.channels = append(x.channels, c); len(x.channels) == 1 {
		x.wait()
	}
}

func (x *collector) wait() {
	x.timer = js.Global().Call("setTimeout", x.tick, tickAfter.Milliseconds())
}

// collect takes what has arrived in all channels.
func (x *collector) collect() {
	kept, slow := x.channels[:0], hidden()
	for _, c := range x.channels {
		if c.collect() < manyMessages || slow {
			c.hear(c.notice.Value)
		} else {
			kept = append(kept, c)
		}
	}
	clear(x.channels[len(kept):])
	if x.channels = kept; len(kept) > 0 {
		x.wait()
	}
}

func (x *collector) close() {
	if !x.gather.IsUndefined() {
		js.Global().Call("clearTimeout", x.timer)
		x.tick.Release()
	}
}

func hidden() bool {
	document := js.Global().Get("document")
	return document.Truthy() && document.Get("hidden").Bool()
}

// collect takes what has arrived in a channel, and gives the number of messages.
func (c *channel) collect() (messages int) {
	if c.arrived.IsUndefined() {
		return 0
	}
	x, buffers := &c.session.driver.collector, &c.session.driver.buffers
	for c.arrived.Length() > 0 {
		n := x.gather.Invoke(c.arrived, x.into, transport.MaxFrame).Int()
		if n == 0 {
			c.receive(buffers.copy(c.arrived.Call("shift").Get("data")))
			messages++
			continue
		}
		js.CopyBytesToGo(x.buf[:n], x.into)
		for b := x.buf[:n]; len(b) > 0; messages++ {
			end := 4 + binary.BigEndian.Uint32(b)
			c.receive(buffers.keep(b[4:end]))
			b = b[end:]
		}
	}
	return messages
}

// listen has the browser call with each message. The caller holds session.mu.
func (c *channel) listen() {
	c.notice = js.FuncOf(func(_ js.Value, args []js.Value) any {
		p := c.session.driver.buffers.copy(args[0].Get("data"))
		c.receive(p)
		if len(p) >= largeMessage && c.many() {
			c.session.driver.collector.add(c)
		}
		return nil
	})
	c.dc.Set("onmessage", c.notice)
}

// many reports whether many large messages come, of which this is one.
func (c *channel) many() bool {
	if now := time.Now(); now.Sub(c.since) > tickAfter {
		c.since, c.seen = now, 0
	}
	c.seen++
	return c.seen >= manyMessages
}

// hear has a function hear of messages, unless the session is over.
func (c *channel) hear(f js.Value) bool {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if !c.dc.Truthy() {
		return false
	}
	c.dc.Set("onmessage", f)
	return true
}

// deafen ends the calls. The caller holds session.mu.
func (c *channel) deafen() {
	if c.dc.Truthy() {
		c.dc.Set("onmessage", js.Null())
		c.notice.Release()
		c.dc, c.send = js.Undefined(), js.Undefined()
	}
}
