//go:build race

package cost_test

// raceEnabled: the race detector allocates, and empties pools at random.
const raceEnabled = true
