//go:build !js

package entrance

import "maps"

// Stats says what a server carries now and counts what it did.
type Stats struct {
	Connections int // now, with those in the handshake
	Rooms       int // now, that have an open door
	Doors       int // now
	Visits      int // newcomers at a door, now
	Waiting     int // newcomers that wait for one, now

	Joins    uint64 // newcomers that were welcomed
	Answered uint64 // conversations in which the member has answered
	Moved    uint64 // newcomers given to another member, or after a wait
	Signals  uint64 // passed on
	Stale    uint64 // signals of conversations that are over, or that nobody could take

	Refused map[Reason]uint64 // connections refused or ended, by reason; only those that occurred
}

// Stats gives the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Refused = maps.Clone(s.stats.Refused)
	st.Connections, st.Rooms = s.connections, len(s.rooms)
	for _, r := range s.rooms {
		st.Doors += len(r.keepers)
		st.Waiting += len(r.waiting)
		for _, k := range r.keepers {
			st.Visits += len(k.visits)
		}
	}
	return st
}
