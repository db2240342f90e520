package pion

import (
	"strings"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// eager are the sessions in which this end uses the first path on which a check of
// the other comes (transport.Description.Eager, session.hurry), by the ufrag of this
// end, until they have one.
type eager struct{ sessions sync.Map }

// expect lets the next check of a session choose its path. It must be called
// before the ICE agent hears of its peer.
func (e *eager) expect(ufrag string) { e.sessions.Store(ufrag, struct{}{}) }

func (e *eager) forget(ufrag string) { e.sessions.Delete(ufrag) }

// check is an ICE agent's question, on each check that it has found to be the
// peer's, whether its pair is to be used from now on. A relayed path waits for
// its nomination: a direct one may be found.
func (e *eager) check(m *stun.Message, local, remote ice.Candidate, _ *ice.CandidatePair) bool {
	if local.Type() == ice.CandidateTypeRelay || remote.Type() == ice.CandidateTypeRelay {
		return false
	}
	var name stun.Username // RFC 8445 section 7.2.2: the receiver's ufrag, a colon, the sender's
	if name.GetFrom(m) != nil {
		return false
	}
	ufrag, _, _ := strings.Cut(name.String(), ":")
	_, first := e.sessions.LoadAndDelete(ufrag)
	return first
}
