package overlaytest

import (
	"sync"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// paced is a driver that tells its node one thing at a time, each in the slot of
// the session or channel that it is about. When a lost message arrives at last,
// those that waited behind it come at the same instant; a partition ends many
// sessions at one. What a program does on the first would race with the second.
type paced struct {
	*mem.Driver
	slots *slots
}

func (d paced) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	p := d.pace(h)
	return p.session(d.Driver.Offer(id, p))
}

func (d paced) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	p := d.pace(h)
	return p.session(d.Driver.Answer(id, offer, p))
}

func (d paced) pace(h transport.Handler) *pacedHandler {
	return &pacedHandler{handler: h, slots: d.slots, own: d.slots.take(), channels: map[uint16]int{}}
}

// pacedHandler passes on what the driver says of one session.
type pacedHandler struct {
	handler transport.Handler
	slots   *slots
	own     int // slot of all but messages

	mu       sync.Mutex
	channels map[uint16]int // their slots
}

// say tells the node something. What the node does on it may end the session,
// and then it is not left to chance either whether the driver still finds it open:
// it goes on after that.
func (h *pacedHandler) say(slot int, something func()) {
	sleepPast(slot)
	something()
	time.Sleep(time.Nanosecond) // virtual: a world is in a bubble
}

func (h *pacedHandler) Described(id transport.SessionID, local transport.Description) {
	h.say(h.own, func() { h.handler.Described(id, local) })
}

func (h *pacedHandler) Gathered(id transport.SessionID, c []transport.Candidate, last bool) {
	h.say(h.own, func() { h.handler.Gathered(id, c, last) })
}

func (h *pacedHandler) Up(id transport.SessionID) {
	h.say(h.own, func() { h.handler.Up(id) })
}

func (h *pacedHandler) Down(id transport.SessionID, reason error) {
	h.say(h.own, func() { h.handler.Down(id, reason) })
}

func (h *pacedHandler) Message(id transport.SessionID, channel uint16, data []byte) {
	h.say(h.slot(channel), func() { h.handler.Message(id, channel, data) })
}

// slot gives the slot of a channel. The first to ask is the node's loop, when it
// opens the channel.
func (h *pacedHandler) slot(channel uint16) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, ok := h.channels[channel]
	if !ok {
		slot = h.slots.take()
		h.channels[channel] = slot
	}
	return slot
}

func (h *pacedHandler) session(s transport.Session, err error) (transport.Session, error) {
	if err != nil {
		h.end()
		return nil, err
	}
	return &pacedSession{s, h, sync.OnceFunc(h.end)}, nil
}

func (h *pacedHandler) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.slots.give(h.own)
	for _, slot := range h.channels {
		h.slots.give(slot)
	}
}

// pacedSession has channels that do not tell how much they have under way
// (transport.Queue): a node that knows puts small messages together, and how many
// depends on which of its goroutines runs first.
type pacedSession struct {
	transport.Session
	handler *pacedHandler
	end     func()
}

func (s *pacedSession) Channel(number uint16, cfg transport.ChannelConfig) (transport.Channel, error) {
	s.handler.slot(number)
	c, err := s.Session.Channel(number, cfg)
	if err != nil {
		return nil, err
	}
	return struct{ transport.Channel }{c}, nil
}

// Close gives the session's slots back. The node calls it, after Down too.
func (s *pacedSession) Close() error {
	s.end()
	return s.Session.Close()
}
