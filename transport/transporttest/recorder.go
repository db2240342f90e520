package transporttest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// Kind is which method of a transport.Handler was called.
type Kind uint8

// The methods of a transport.Handler.
const (
	Described Kind = iota
	Gathered
	Up
	Down
	Message
)

func (k Kind) String() string {
	return [...]string{"Described", "Gathered", "Up", "Down", "Message"}[k]
}

// Event is one call of a transport.Handler, with copies of its arguments.
type Event struct {
	Kind        Kind
	At          time.Duration // since the Recorder was made
	Session     transport.SessionID
	Description transport.Description // Described
	Candidates  []transport.Candidate // Gathered
	Last        bool                  // Gathered
	Reason      error                 // Down
	Channel     uint16                // Message
	Data        []byte                // Message
}

// String is one line of a log; it shows no more than the start of the data.
func (e Event) String() string {
	head := fmt.Sprintf("%12v %v %-9v", e.At.Round(time.Microsecond), e.Session, e.Kind)
	switch e.Kind {
	case Described:
		return fmt.Sprintf("%s ufrag %q fingerprint %x… %v candidates %v", head, e.Description.Ufrag, e.Description.Fingerprint[:4], e.Description.Setup, e.Description.Candidates)
	case Gathered:
		return fmt.Sprintf("%s %v last %v", head, e.Candidates, e.Last)
	case Down:
		return fmt.Sprintf("%s %v", head, e.Reason)
	case Message:
		return fmt.Sprintf("%s channel %d, %d bytes %.16q", head, e.Channel, len(e.Data), e.Data)
	}
	return head
}

// Recorder is a transport.Handler that keeps what it is told, so that a test
// can wait for it without sleeping. It also watches the rules that hold for
// every call, whatever the test is about; Check reports those that were broken.
//
// The functions are called within the method of that name, after it was
// recorded; nil ones are not. Set them before a driver has the Recorder.
type Recorder struct {
	OnDescribed func(id transport.SessionID, d transport.Description)
	OnGathered  func(id transport.SessionID, c []transport.Candidate, last bool)
	OnUp        func(id transport.SessionID)
	OnDown      func(id transport.SessionID, reason error)
	OnMessage   func(id transport.SessionID, channel uint16, data []byte)

	name  string
	start time.Time

	mu       sync.Mutex
	events   []Event
	changed  chan struct{} // closed and replaced with every event
	sessions map[transport.SessionID]*watch
	faults   []string
}

var _ transport.Handler = (*Recorder)(nil)

// NewRecorder makes a Recorder; logs show its name.
func NewRecorder(name string) *Recorder {
	return &Recorder{
		name:     name,
		start:    time.Now(),
		changed:  make(chan struct{}),
		sessions: make(map[transport.SessionID]*watch),
	}
}

// Described records the call.
func (r *Recorder) Described(id transport.SessionID, d transport.Description) {
	defer r.enter(Event{Kind: Described, Session: id, Description: clone(d)})()
	if r.OnDescribed != nil {
		r.OnDescribed(id, d)
	}
}

// Gathered records the call.
func (r *Recorder) Gathered(id transport.SessionID, c []transport.Candidate, last bool) {
	defer r.enter(Event{Kind: Gathered, Session: id, Candidates: slices.Clone(c), Last: last})()
	if r.OnGathered != nil {
		r.OnGathered(id, c, last)
	}
}

// Up records the call.
func (r *Recorder) Up(id transport.SessionID) {
	defer r.enter(Event{Kind: Up, Session: id})()
	if r.OnUp != nil {
		r.OnUp(id)
	}
}

// Down records the call.
func (r *Recorder) Down(id transport.SessionID, reason error) {
	defer r.enter(Event{Kind: Down, Session: id, Reason: reason})()
	if r.OnDown != nil {
		r.OnDown(id, reason)
	}
}

// Message records the call.
func (r *Recorder) Message(id transport.SessionID, channel uint16, data []byte) {
	defer r.enter(Event{Kind: Message, Session: id, Channel: channel, Data: slices.Clone(data)})()
	if r.OnMessage != nil {
		r.OnMessage(id, channel, data)
	}
}

// enter records that a call begins; the result records that it ends.
func (r *Recorder) enter(e Event) (leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.At = time.Since(r.start)
	w := r.watch(e.Session)
	if fault := w.begin(e); fault != "" {
		r.faults = append(r.faults, fmt.Sprintf("%s: %v: %s", r.name, e, fault))
	}
	r.events = append(r.events, e)
	close(r.changed)
	r.changed = make(chan struct{})
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		w.end(e)
	}
}

// Closed says that Close of the session id has returned: from now on the
// Recorder takes a new call for that session as a fault. One Message for each
// channel and one other call are let pass, which were under way.
func (r *Recorder) Closed(id transport.SessionID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch(id).closed = true
}

func (r *Recorder) watch(id transport.SessionID) *watch {
	w := r.sessions[id]
	if w == nil {
		w = &watch{messages: make(map[uint16]bool), late: make(map[uint16]int)}
		r.sessions[id] = w
	}
	return w
}

// Events gives what was recorded so far.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Wait blocks until ok holds for the events so far, and ends the test with the
// log if that takes longer than timeout. what names the event that is awaited.
// ok must not keep or change the slice, nor call the Recorder.
func (r *Recorder) Wait(t testing.TB, timeout time.Duration, what string, ok func(events []Event) bool) {
	t.Helper()
	if !r.within(timeout, ok) {
		t.Fatalf("%s: no %s within %v", r.name, what, timeout)
	}
}

// Never ends the test if, within d, bad holds for the events so far.
func (r *Recorder) Never(t testing.TB, d time.Duration, what string, bad func(events []Event) bool) {
	t.Helper()
	if r.within(d, bad) {
		t.Fatalf("%s: %s", r.name, what)
	}
}

func (r *Recorder) within(d time.Duration, ok func(events []Event) bool) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		r.mu.Lock()
		met, changed := ok(r.events), r.changed
		r.mu.Unlock()
		if met {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		}
	}
}

// Check reports the rules that the driver has broken so far.
func (r *Recorder) Check(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, fault := range r.faults {
		t.Error(fault)
	}
}

// maxLog is how many events a log shows of the start and of the end of a test.
const maxLog = 40

// Log gives the events, one a line; of a long test the first and the last.
func (r *Recorder) Log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%s was told %d times:\n", r.name, len(r.events))
	for i, e := range r.events {
		switch {
		case i == maxLog && len(r.events) > 2*maxLog:
			fmt.Fprintf(&b, "  (%d more)\n", len(r.events)-2*maxLog)
		case i > maxLog && i < len(r.events)-maxLog:
		default:
			fmt.Fprintf(&b, "  %v\n", e)
		}
	}
	return b.String()
}

func clone(d transport.Description) transport.Description {
	d.SCTPInit = slices.Clone(d.SCTPInit)
	d.Candidates = slices.Clone(d.Candidates)
	return d
}
