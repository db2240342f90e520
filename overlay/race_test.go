//go:build race

package overlay

// raceEnabled: the race detector allocates, and empties pools at random.
const raceEnabled = true
