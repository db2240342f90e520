//go:build js && wasm

package browser

import "syscall/js"

// A collector has large messages wait in JavaScript while many come. A call into Go
// for each is the larger part of what a message costs there; so after a large one, a
// channel's next messages are put into an array by the browser itself (a bound
// Array.prototype.push hears the event), until a task that was queued behind them has
// Go take them all. When that finds none, the next message is Go's again. Between its
// arrival and that task nothing is held that would not wait in the browser's own
// queue otherwise, and Go looks at sizes before it copies.
//
// Only callbacks of JavaScript use it, one at a time.
type collector struct {
	send, hear js.Value // ports of a MessageChannel; undefined before it is needed
	channels   []*channel
	events     listeners
}

// add begins to collect the messages of a channel.
func (x *collector) add(c *channel) {
	if x.send.IsUndefined() {
		ports := js.Global().Get("MessageChannel").New()
		x.send, x.hear = ports.Get("port1"), ports.Get("port2")
		x.events.on(x.hear, "message", func(js.Value) { x.collect() })
		x.hear.Call("start")
	}
	if c.push.IsUndefined() {
		c.arrived = js.Global().Get("Array").New()
		c.push = c.arrived.Get("push").Call("bind", c.arrived)
	}
	c.dc.Set("onmessage", c.push)
	if x.channels = append(x.channels, c); len(x.channels) == 1 {
		x.send.Call("postMessage", js.Null())
	}
}

// collect takes what has arrived in all channels.
func (x *collector) collect() {
	kept := x.channels[:0]
	for _, c := range x.channels {
		switch {
		case !c.dc.Truthy(): // the session is over
		case c.collect():
			kept = append(kept, c)
		default:
			c.dc.Set("onmessage", c.notice)
		}
	}
	clear(x.channels[len(kept):])
	if x.channels = kept; len(kept) > 0 {
		x.send.Call("postMessage", js.Null())
	}
}

func (x *collector) close() {
	x.events.release()
	if !x.send.IsUndefined() {
		x.send.Call("close")
	}
}

// listen has the browser call with each message.
func (c *channel) listen() {
	c.notice = js.FuncOf(func(_ js.Value, args []js.Value) any {
		if c.receive(args[0].Get("data")) >= largeMessage {
			c.session.driver.collector.add(c)
		}
		return nil
	})
	c.dc.Set("onmessage", c.notice)
}

// collect takes what has arrived, if anything has.
func (c *channel) collect() bool {
	if c.arrived.IsUndefined() {
		return false
	}
	n := c.arrived.Length()
	for i := range n {
		c.receive(c.arrived.Index(i).Get("data"))
	}
	if n > 0 {
		c.arrived.Set("length", 0)
	}
	return n > 0
}

// deafen ends the calls. The caller holds session.mu.
func (c *channel) deafen() {
	if c.dc.Truthy() {
		c.dc.Set("onmessage", js.Null())
		c.notice.Release()
		c.dc = js.Undefined()
	}
}
