package live

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

// What page and process say to each other, as JSON. Times are in milliseconds.

// greeting is the first thing a reader hears.
type greeting struct {
	Title    string `json:"title"`
	Network  string `json:"network"`
	Protocol string `json:"protocol"`
	Room     string `json:"room,omitempty"`     // empty: tabs cannot enter
	Entrance string `json:"entrance,omitempty"` // path of its WebSocket
	Peer     bool   `json:"peer"`               // n2n.js is to be had
}

// update is what is new. Nodes that are in it replace what was known of them.
type update struct {
	Hello    *greeting          `json:"hello,omitempty"`
	Nodes    []rawJSON          `json:"nodes,omitempty"`
	All      []transport.PeerID `json:"all,omitempty"` // every node that is shown now; only when that has changed
	Events   []event            `json:"events,omitempty"`
	Missed   uint64             `json:"missed,omitempty"` // events
	Entrance *entranceInfo      `json:"entrance,omitempty"`
	Watch    *watch             `json:"watch,omitempty"`
	Answer   *answer            `json:"answer,omitempty"`
}

// description is what a node sees.
type description struct {
	ID        transport.PeerID `json:"id"`
	Name      string           `json:"name"`
	Neighbors []neighbor       `json:"neighbors"`
	Arcs      []arcInfo        `json:"arcs"` // of the shown protocol, by age
	Stats     stats            `json:"stats"`
}

type neighbor struct {
	Peer transport.PeerID `json:"peer"`
	RTT  float64          `json:"rtt"` // 0: not measured yet
}

// arcInfo is one arc at one of its ends, and how it came to be. Without a new
// session, it uses one that there was; a new one without brokers came through an
// entrance or another channel.
type arcInfo struct {
	Peer transport.PeerID   `json:"peer"`
	Out  bool               `json:"out"`
	New  bool               `json:"new"`
	Via  []transport.PeerID `json:"via,omitempty"`
}

type stats struct {
	Opened      uint64 `json:"opened"`
	Lost        uint64 `json:"lost"`
	Signals     uint64 `json:"signals"`
	Relayed     uint64 `json:"relayed"`
	Glares      uint64 `json:"glares"`
	Sent        uint64 `json:"sent"`
	Edges       uint64 `json:"edges"`
	Divergences uint64 `json:"divergences"`
	Bugs        uint64 `json:"bugs"`
}

// event is what happened to a node: an arc opened, closed or failed, a message
// came, or it lagged.
type event struct {
	At     int64              `json:"at"`
	Kind   string             `json:"kind"`
	Node   transport.PeerID   `json:"node"`
	Peer   transport.PeerID   `json:"peer"`
	Out    bool               `json:"out,omitempty"`
	New    bool               `json:"new,omitempty"`
	Via    []transport.PeerID `json:"via,omitempty"`
	Text   string             `json:"text,omitempty"`
	Missed uint64             `json:"missed,omitempty"`
}

// entranceInfo is what an entrance may know. Members are of the one room whose
// name the page was opened with.
type entranceInfo struct {
	Connections int                `json:"connections"`
	Rooms       int                `json:"rooms"`
	Doors       int                `json:"doors"`
	Visits      int                `json:"visits"`
	Waiting     int                `json:"waiting"`
	Joins       uint64             `json:"joins"`
	Answered    uint64             `json:"answered"`
	Room        string             `json:"room,omitempty"`
	Members     []transport.PeerID `json:"members,omitempty"`
}

// watch is what the machines of the node do that a reader looks at.
type watch struct {
	Node     transport.PeerID `json:"node"`
	Machines []machine        `json:"machines"`
	Steps    []step           `json:"steps,omitempty"`
	Missed   uint64           `json:"missed,omitempty"` // steps
}

type machine struct {
	Name     string           `json:"name"`
	Peer     transport.PeerID `json:"peer"`
	State    string           `json:"state"`
	Protocol string           `json:"protocol,omitempty"`
	Out      bool             `json:"out,omitempty"`
}

type step struct {
	At      float64          `json:"at"`
	Machine string           `json:"machine"`
	Peer    transport.PeerID `json:"peer"`
	From    string           `json:"from"`
	Event   string           `json:"event"`
	Label   string           `json:"label,omitempty"`
	To      string           `json:"to"`
	Line    int              `json:"line"`
}

func stepOf(s overlay.Step) step {
	return step{float64(s.At.Microseconds()) / 1000, s.Machine, s.Peer, s.From, s.Event, s.Label, s.To, s.Line}
}

// command is what a reader wants done. Call is answered.
type command struct {
	Call  uint64             `json:"call"`
	Do    string             `json:"do"` // connect, introduce, invite, reverse, disconnect, send; or watch, room
	Node  transport.PeerID   `json:"node"`
	From  transport.PeerID   `json:"from"`
	To    transport.PeerID   `json:"to"`
	Via   []transport.PeerID `json:"via"`
	Text  string             `json:"text"`
	Since uint64             `json:"since"`
}

// answer says how a command ended.
type answer struct {
	Call  uint64  `json:"call"`
	Error string  `json:"error,omitempty"`
	Took  float64 `json:"took"`
}

// rawJSON is JSON that is made already.
type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

const maxText = 512 // characters of a message that are shown

// clean makes a peer's bytes text that a page can show.
func clean(b []byte) string {
	var s strings.Builder
	n := 0
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		b = b[size:]
		if n++; n > maxText {
			s.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		s.WriteRune(r)
	}
	return s.String()
}
