package pion

import (
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun/v4"
)

// settled is for how long an answered check stands: half of RFC 8445's Ta, the time
// between two checks (section 14.2).
const settled = 25 * time.Millisecond

// answered is when an address has answered a check.
type answered struct {
	from netip.AddrPort
	at   time.Time
}

// redundant reports whether an ICE agent's check need not be sent, since the other
// end has just answered one. Pion checks back whenever it is checked, also on a path
// that has succeeded (RFC 8445 section 7.3.1.4 has nothing further done then): each
// session would begin with one check and its answer more, while DTLS wants to.
func (p *part) redundant(check []byte, to netip.AddrPort) bool {
	a := p.answered.Load()
	if a == nil || a.from != to || time.Since(a.at) > settled {
		return false
	}
	m := &stun.Message{Raw: slices.Clone(check)}
	return m.Decode() == nil && !m.Contains(stun.AttrUseCandidate) // a nomination is news
}

// isAnswer reports whether a packet is a STUN binding success response.
func isAnswer(p []byte) bool { return len(p) >= 2 && p[0] == 1 && p[1] == 1 }
