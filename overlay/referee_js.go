package overlay

import (
	"log/slog"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

// judge is none: the referee would be a fiftieth of what a web page loads, and
// replays what every test replays.
type judge struct{}

func newJudge(log *slog.Logger) *judge {
	log.Warn("Config.Audit: there is no referee in a browser")
	return nil
}

func replay(*judge, core.Edge) error { return nil }
