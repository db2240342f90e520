//go:build race

package wire

// raceEnabled: the race detector allocates, and empties pools at random.
const raceEnabled = true
