package e2e

import (
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/need"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/pion"
)

// hiddenWorld has a browser that hides addresses behind mDNS names, its default.
func hiddenWorld(t *testing.T) *world {
	t.Helper()
	need.Route(t)
	return newWorld(t, chrome.Config{HideAddresses: true})
}

// TestHiddenTabs: tabs that hide their addresses meet a native peer and each other.
func TestHiddenTabs(t *testing.T) {
	w := hiddenWorld(t)
	broker, far := w.nativeWith(pion.Config{}), w.nativeWith(pion.Config{})
	a, b := w.tab(""), w.tab("")
	a.join(broker)
	b.join(broker)
	ctx, cancel := w.step()
	defer cancel()
	_, err := far.chat.Join(ctx, broker.node.Admit)
	w.must(err)
	t.Logf("tab to native: %.1f ms", a.connect(far.id, broker.id))
	start := time.Now()
	w.must(far.chat.Connect(ctx, b.id, broker.id))
	t.Logf("native to tab: %v", time.Since(start))
	t.Logf("tab to tab: %.1f ms", a.connect(b.id, broker.id))
}

// TestHiddenTabNeedsName: the tab is not told where the native peer is, so the
// native peer has to resolve the tab's mDNS names.
func TestHiddenTabNeedsName(t *testing.T) {
	w := hiddenWorld(t)
	d, err := pion.New(pion.Config{})
	w.must(err)
	hidden := make(chan transport.Candidate, 64)
	peer := w.nativeOn(&secretive{d, hidden})
	a := w.tab("")
	start := time.Now()
	a.join(peer)
	t.Logf("the tab joins: %v", time.Since(start))
	select {
	case c := <-hidden:
		t.Logf("the tab showed %v", c)
	default:
		t.Error("the tab hid nothing")
	}
}

// secretive is a driver that does not tell peers its addresses, and notes what
// they hide.
type secretive struct {
	transport.Driver
	hidden chan transport.Candidate
}

func (d *secretive) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	return d.Driver.Offer(id, secret{h})
}

func (d *secretive) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	for _, c := range offer.Candidates {
		if c.Name != "" {
			d.hidden <- c
		}
	}
	return d.Driver.Answer(id, offer, secret{h})
}

type secret struct{ transport.Handler }

func (s secret) Described(id transport.SessionID, d transport.Description) {
	d.Candidates = nil
	s.Handler.Described(id, d)
}

func (s secret) Gathered(id transport.SessionID, _ []transport.Candidate, last bool) {
	if last {
		s.Handler.Gathered(id, nil, true)
	}
}
