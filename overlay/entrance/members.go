//go:build !js

package entrance

import (
	"slices"

	"github.com/n2n-overlay/n2n/transport"
)

// Members lists who keeps a door open in a room, in the order of the ids, at
// most so many, and how many doors there are. The ids are those that the clients
// said hello with, and prove nothing. Who knows a room's name could meet all of
// them; the names of rooms are told to nobody.
func (s *Server) Members(room string, most int) (list []transport.PeerID, doors int) {
	s.mu.Lock()
	if r := s.rooms[room]; r != nil {
		doors = len(r.keepers)
		for _, k := range r.keepers {
			list = append(list, k.peer)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(list, transport.PeerID.Compare)
	list = slices.Compact(list)
	return list[:min(len(list), most)], doors
}
