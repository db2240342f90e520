package pion

import (
	"slices"

	"github.com/pion/stun/v4"

	"github.com/n2n-overlay/n2n/transport"
)

// hurry has a session that this end began use the first path on which a check of the
// peer comes, as between eager ends. A peer that is not, such as a browser, waits to
// be told which path that is. The agent would tell it with a check of its own, at its
// next tick, which is up to 200 ms away, and not at all once a path is in use. So every
// check says so, which RFC 5245 section 8.1.1.2 calls aggressive nomination and every
// agent since knows what to do with: of several such paths, it takes the one with the
// highest priority, and this end hears it on each.
func (s *session) hurry(remote transport.Description) {
	if !remote.Eager {
		m := s.mux()
		if m == nil {
			return // relays only, whose paths are nominated
		}
		m.nominate(s.described.Ufrag, remote.Password)
	}
	s.driver.eager.expect(s.described.Ufrag)
}

// nominate has every check of an ICE agent nominate its path. The password is the
// peer's.
func (m *mux) nominate(ufrag, password string) {
	for _, s := range m.sockets {
		s.part(ufrag, nil).nominate.Store(&password)
	}
}

// nominating gives a check that nominates its path. Checks go out by the dozen, so
// that nothing here is done for speed.
func nominating(check []byte, password string) []byte {
	in := &stun.Message{Raw: slices.Clone(check)}
	if in.Decode() != nil || in.Contains(stun.AttrUseCandidate) {
		return check
	}
	out := &stun.Message{Type: in.Type, TransactionID: in.TransactionID}
	out.WriteHeader()
	for _, a := range in.Attributes {
		if a.Type != stun.AttrMessageIntegrity && a.Type != stun.AttrFingerprint { // which cover what is before them
			out.Add(a.Type, a.Value)
		}
	}
	out.Add(stun.AttrUseCandidate, nil)
	if stun.NewShortTermIntegrity(password).AddTo(out) != nil || stun.Fingerprint.AddTo(out) != nil {
		return check
	}
	return out.Raw
}
