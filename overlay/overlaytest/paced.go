package overlaytest

import (
	"hash/fnv"
	"time"

	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// paced is a driver that tells its node one thing at a time. When a lost
// message arrives at last, those that waited behind it come at the same instant;
// what a program does on the first would race with the second. Here each call
// to the handler takes some microseconds, and virtual time passes only when
// everybody has done what there was to do.
type paced struct {
	*mem.Driver
	peer int
}

func (d paced) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	return plain(d.Driver.Offer(id, d.pace(id, h)))
}

func (d paced) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	return plain(d.Driver.Answer(id, offer, d.pace(id, h)))
}

// plainSession has channels that do not tell how much they have under way
// (transport.Queue): a node that knows puts small messages together, and how many
// depends on which of its goroutines runs first.
type plainSession struct{ transport.Session }

func plain(s transport.Session, err error) (transport.Session, error) {
	if err != nil {
		return nil, err
	}
	return plainSession{s}, nil
}

func (s plainSession) Channel(number uint16, cfg transport.ChannelConfig) (transport.Channel, error) {
	c, err := s.Session.Channel(number, cfg)
	if err != nil {
		return nil, err
	}
	return struct{ transport.Channel }{c}, nil
}

// pace gives sessions different paces, so that of several that end at one
// instant, as a partition does to them, always the same one ends first.
func (d paced) pace(id transport.SessionID, h transport.Handler) transport.Handler {
	sum := fnv.New32a()
	sum.Write(id.Initiator[:])
	sum.Write([]byte{byte(id.Number), byte(id.Number >> 8), byte(id.Number >> 16), byte(id.Number >> 24), byte(d.peer), byte(d.peer >> 8)})
	return pacedHandler{h, time.Microsecond + time.Duration(sum.Sum32()%9000)}
}

type pacedHandler struct {
	transport.Handler
	pace time.Duration
}

func (h pacedHandler) Described(id transport.SessionID, local transport.Description) {
	time.Sleep(h.pace) // virtual: a world is in a bubble
	h.Handler.Described(id, local)
}

func (h pacedHandler) Gathered(id transport.SessionID, c []transport.Candidate, last bool) {
	time.Sleep(h.pace + 17*time.Nanosecond)
	h.Handler.Gathered(id, c, last)
}

func (h pacedHandler) Up(id transport.SessionID) {
	time.Sleep(h.pace + 31*time.Nanosecond)
	h.Handler.Up(id)
}

func (h pacedHandler) Down(id transport.SessionID, reason error) {
	time.Sleep(h.pace + 53*time.Nanosecond)
	h.Handler.Down(id, reason)
}

// Message takes longer on a higher channel: what waits on two of them behind one
// lost datagram comes at one instant, too.
func (h pacedHandler) Message(id transport.SessionID, channel uint16, data []byte) {
	time.Sleep(h.pace + time.Duration(channel+1)*139*time.Nanosecond)
	h.Handler.Message(id, channel, data)
}
