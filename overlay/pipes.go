package overlay

import "sync"

// pipes are a session's pipes by channel. Who has the turn adds, the driver's
// goroutines look them up.
type pipes struct {
	mu   sync.RWMutex
	list []*pipe // few: one for each protocol
}

func (p *pipes) put(pp *pipe) {
	p.mu.Lock()
	p.list = append(p.list, pp)
	p.mu.Unlock()
}

func (p *pipes) all() []*pipe {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.list[:len(p.list):len(p.list)]
}

func (p *pipes) get(number uint16) *pipe {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, pp := range p.list {
		if pp.number == number {
			return pp
		}
	}
	return nil
}
