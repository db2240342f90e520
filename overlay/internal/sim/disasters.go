package sim

import "slices"

// Entrance takes the server down that newcomers meet the others at, or up again.
// Its channels break, and joins over it fail; sessions do not need it.
func (w *World) Entrance(up bool) {
	word := "down"
	if up {
		word = "up"
	}
	w.tell(false, "the entrance is %s", word)
	w.told()
	w.shut = !up
	if up {
		return
	}
	for _, c := range w.calls {
		if c.conn != 0 && c.trickle && c.Ended == 0 && !c.Lost {
			w.put(&Item{Kind: Hangup, To: c.Peer, Conn: c.conn})
			w.put(&Item{Kind: Hangup, To: door(c.conn), Conn: channel(c.Peer, c.conn)})
		}
	}
}

// disasters lists what can happen to many at once: the entrance goes down or up.
func (w *World) disasters() []Choice {
	return []Choice{{Name: "entrance", Do: func() { w.Entrance(w.shut) }}}
}

// parts lists the peers that can lose everybody else at once.
func (w *World) parts() (list []Choice) {
	for i := range w.Peers {
		list = append(list, Choice{Name: "part", Do: func() {
			for j := range w.Peers {
				if j != i && !w.cut[[2]int{i, j}] {
					w.Cut(i, j, true)
				}
			}
		}})
	}
	return list
}

// crossings lists the pairs that can offer to each other at the same instant, by
// way of one broker or of two.
func (w *World) crossings(protocol string, near [][]int) (list []Choice) {
	for i := range w.Peers {
		for j := range i {
			for _, b := range near[i] {
				if !slices.Contains(near[j], b) {
					continue
				}
				d := near[j][len(near[j])-1] // often another one
				if d == i {
					d = b
				}
				list = append(list, Choice{
					Name: "connect at once",
					Do:   func() { w.ConnectAs(protocol, i, j, b); w.ConnectAs(protocol, j, i, d) },
					Hops: [][2]int{{i, b}, {b, j}, {j, d}, {d, i}},
				})
			}
		}
	}
	return list
}
