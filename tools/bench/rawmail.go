package bench

import (
	"context"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// mail carries signals to one end, in order, each as late as the way is long.
type mail struct {
	grid   *rawGrid
	ctx    context.Context
	to     *rawConn
	failed chan error // buffered: 1

	mu      sync.Mutex
	letters []letter
	busy    bool // a goroutine delivers
}

type letter struct {
	due     time.Time
	deliver func() error
}

func (g *rawGrid) newMail(ctx context.Context, to *rawConn) *mail {
	return &mail{grid: g, ctx: ctx, to: to, failed: make(chan error, 1)}
}

// candidate sends a candidate; nil is the last, which nobody needs.
func (m *mail) candidate(c *webrtc.ICECandidate) {
	if c == nil {
		return
	}
	init, err := m.grid.outer(c.ToJSON())
	if err != nil {
		m.fail(err)
		return
	}
	m.put(func() error { return m.to.pc.AddICECandidate(init) })
}

// put sends a signal; deliver is called where it arrives.
func (m *mail) put(deliver func() error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, letter{time.Now().Add(m.grid.way.signals), deliver})
	if !m.busy {
		m.busy = true
		go m.carry()
	}
}

// hold keeps what is put from now on, until release.
func (m *mail) hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy = true
}

func (m *mail) release() { go m.carry() }

// carry delivers until nothing is left.
func (m *mail) carry() {
	for {
		m.mu.Lock()
		if len(m.letters) == 0 {
			m.busy = false
			m.mu.Unlock()
			return
		}
		l := m.letters[0]
		m.letters = m.letters[1:]
		m.mu.Unlock()
		err := pause(m.ctx, time.Until(l.due))
		if err == nil {
			err = l.deliver()
		}
		if err != nil {
			m.fail(err)
		}
	}
}

func (m *mail) fail(err error) {
	select {
	case m.failed <- err:
	default:
	}
}
