//go:build js && wasm

package browser

import (
	"fmt"
	"maps"
	"slices"

	"github.com/n2n-overlay/n2n/transport"
)

// receive takes a message from the browser; nil: it was too large.
func (c *channel) receive(p []byte) {
	s := c.session
	if p == nil {
		s.fail(fmt.Errorf("protocol violation: message of more than %d bytes on channel %d", transport.MaxFrame, c.number))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case c.closed || s.silent.Load():
		return
	case s.held+len(p) > maxHeld || s.heldCount >= maxMessages:
		s.fail(fmt.Errorf("protocol violation: more than %d bytes or %d messages that nobody has read", maxHeld, maxMessages))
		return
	}
	s.held += len(p)
	s.heldCount++
	c.in = append(c.in, p)
	c.read()
}

// collect takes what has arrived in the channels.
func (s *session) collect() {
	s.mu.Lock()
	list := slices.Collect(maps.Values(s.channels))
	s.mu.Unlock()
	for _, c := range list {
		c.collect()
	}
}

// read begins to handle messages, if there are any and they may be. The caller
// holds session.mu.
func (c *channel) read() {
	s := c.session
	if !s.up || s.ended || !c.wanted || c.reading || len(c.in) == 0 {
		return
	}
	c.reading = true
	s.readers.Go(c.handle)
}

// read begins to handle the messages of all channels, after Up.
func (s *session) read() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = true
	for _, c := range s.channels {
		c.read()
	}
}

// handle gives the messages that are there to the handler.
func (c *channel) handle() {
	s := c.session
	for {
		p, ok := c.take()
		if !ok {
			return
		}
		if !s.silent.Load() {
			s.handler.Message(s.id, c.number, p)
		}
		s.driver.buffers.put(p)
	}
}

// take gives the next message. Without one the goroutine that handles them ends.
func (c *channel) take() (p []byte, ok bool) {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(c.in) == 0 {
		c.reading = false
		c.in = nil
		return nil, false
	}
	p = c.in[0]
	c.in[0] = nil
	c.in = c.in[1:]
	s.held -= len(p)
	s.heldCount--
	return p, true
}
