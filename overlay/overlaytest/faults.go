package overlaytest

import (
	"context"
	"slices"
	"time"

	"github.com/n2n-overlay/n2n/transport/mem"
)

// Crash makes peers fall silent, as if their processes had died. The others
// learn of it by the silence. Their programs have ended when it returns.
func (w *World) Crash(peers ...int) {
	w.t.Helper()
	for _, i := range peers {
		p := w.alive(i)
		p.driver.Crash()
		p.retire()
	}
}

// Leave lets peers go in order: they tell their neighbors. Their programs have
// ended before. It waits for the farewell, at most ten seconds of virtual time
// for each.
func (w *World) Leave(peers ...int) {
	w.t.Helper()
	for _, i := range peers {
		p := w.alive(i)
		p.cancel()
		p.wait()
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
		p.Node().Leave(ctx) // who does not hear it will hear the silence
		cancel()
		p.retire()
	}
}

// retire ends the programs and then the node, whose end some of them may wait
// for. One after the other, since what a program does on the end of its context
// would race with Close.
func (p *Peer) retire() {
	p.down.Store(true)
	p.cancel()
	p.world.Sleep(2 * period) // they wake one after the other
	p.Node().Close()
	p.wait()
}

func (w *World) alive(i int) *Peer {
	w.t.Helper()
	p := w.Peer(i)
	if !p.Alive() {
		w.t.Fatalf("%v: peer %d is down already", w.Now(), i)
	}
	return p
}

// Restart brings peers back that crashed or left: with the same keys, no
// memory and no neighbors. Their programs begin anew.
func (w *World) Restart(peers ...int) {
	w.t.Helper()
	for _, i := range peers {
		p := w.Peer(i)
		if p.Alive() {
			w.t.Fatalf("%v: peer %d is up already", w.Now(), i)
		}
		w.former = append(w.former, p)
		w.boot(i, p.boot+1)
	}
}

// Partition cuts peers of different groups off from each other; a peer in no
// group is cut off from nobody. It takes the place of an earlier partition.
func (w *World) Partition(groups ...[]int) {
	w.Heal()
	w.groups = groups
	var drivers [][]*mem.Driver
	for _, group := range groups {
		var list []*mem.Driver
		for _, i := range group {
			if p := w.Peer(i); p.Alive() {
				list = append(list, p.driver)
			}
		}
		drivers = append(drivers, list)
	}
	w.net.PartitionGroups(drivers...)
}

// Heal ends the partition.
func (w *World) Heal() {
	w.groups = nil
	w.net.HealAll()
}

// SetPath sets the path between all peers that have none of their own, as
// Config.Path does.
func (w *World) SetPath(p mem.Path) { w.net.SetPath(fillPath(p)) }

// SetPathBetween sets the path between two peers, in both directions, also for
// when they are restarted.
func (w *World) SetPathBetween(i, j int, path mem.Path) {
	path = fillPath(path)
	w.paths[[2]int{min(i, j), max(i, j)}] = path
	w.net.SetPathBetween(w.Peer(i).driver, w.Peer(j).driver, path)
}

// applyFaults gives the driver of a peer that was made anew what its last one
// suffered from.
func (w *World) applyFaults(p *Peer) {
	for j, q := range w.peers {
		if q == p || !q.Alive() {
			continue
		}
		if path, ok := w.paths[[2]int{min(p.Index, j), max(p.Index, j)}]; ok {
			w.net.SetPathBetween(p.driver, q.driver, path)
		}
		if a, b := w.group(p.Index), w.group(j); a >= 0 && b >= 0 && a != b {
			w.net.Partition(p.driver, q.driver)
		}
	}
}

func (w *World) group(i int) int {
	return slices.IndexFunc(w.groups, func(g []int) bool { return slices.Contains(g, i) })
}
