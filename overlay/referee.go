//go:build !js

package overlay

import (
	"log/slog"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/fsm/signal"
	"github.com/n2n-overlay/n2n/overlay/internal/core"
)

type judge = referee.Referee

func newJudge(*slog.Logger) *judge { return referee.New() }

// replay gives an edge to the referee.
func replay(r *judge, e core.Edge) error {
	switch e.Machine {
	case "link":
		return r.Link(signal.LinkState(e.From), signal.LinkEdge(e.Edge), signal.LinkState(e.To))
	case "broker":
		return r.Broker(signal.BrokerState(e.From), signal.BrokerEdge(e.Edge), signal.BrokerState(e.To))
	case "meeting":
		return r.Meeting(signal.MeetingState(e.From), signal.MeetingEdge(e.Edge), signal.MeetingState(e.To))
	case "exchange":
		return r.Exchange(media.ExchangeState(e.From), media.ExchangeEdge(e.Edge), media.ExchangeState(e.To))
	case "session":
		return r.Session(arc.SessionState(e.From), arc.SessionEdge(e.Edge), arc.SessionState(e.To))
	default:
		return r.Arc(arc.ArcState(e.From), arc.ArcEdge(e.Edge), arc.ArcState(e.To))
	}
}
