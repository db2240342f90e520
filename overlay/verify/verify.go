// Package verify searches every state of small networks of peers: every order
// of messages, timers and faults, within a budget, in the very code that a node
// runs. It is what n2n verify runs; overlay/internal/search says how.
//
//	for _, world := range verify.Worlds(verify.Quick) {
//		result, err := verify.Run(ctx, world, verify.Options{})
//		fmt.Println(result.World, result.States, result.Err)
//	}
//
// A world that does not hold has a Result with Err and Trace, the shortest way
// to what is wrong; the error of Run is why a world could not be searched to its
// end.
//
// # Concurrency
//
// Run may be called from any goroutine, and waits until the search has ended.
// A World is not changed by it.
package verify

import (
	"context"

	"github.com/n2n-overlay/n2n/overlay/internal/search"
)

// World, Options, Progress and Result are those of a search.
type (
	World    = search.World
	Options  = search.Options
	Progress = search.Progress
	Result   = search.Result
	Size     = search.Size
)

// The sizes: a few seconds, at most 40 s on two processors that have little
// else to do, and some minutes.
const (
	Short = search.Short
	Quick = search.Quick
	Full  = search.Full
)

// Worlds gives the worlds of a size. Larger sizes have every world of the
// smaller ones.
func Worlds(s Size) []*World { return search.Worlds(s) }

// Run searches a world.
func Run(ctx context.Context, w *World, opts Options) (Result, error) {
	return search.Run(ctx, w, opts)
}
