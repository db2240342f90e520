package fsm

import (
	"errors"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/fsm/arc"
	"github.com/n2n-overlay/n2n/fsm/referee"
	"github.com/n2n-overlay/n2n/fsm/signal"
)

func TestStepAllocatesNothing(t *testing.T) {
	var (
		lfx signal.LinkEffects
		bfx signal.BrokerEffects
		mfx signal.MeetingEffects
		sfx arc.SessionEffects
		afx arc.ArcEffects
	)
	effects := 0
	allocs := testing.AllocsPerRun(10, func() {
		link, broker, meeting, session, a := signal.NewLink(true), signal.Broker{}, signal.Meeting{}, arc.Session{}, arc.Arc{}
		for ev := range signal.EachLinkEvent {
			link.Step(ev, &lfx)
			effects += len(lfx.All())
		}
		for ev := range signal.EachBrokerEvent {
			broker.Step(ev, &bfx)
			effects += len(bfx.All())
		}
		for ev := range signal.EachMeetingEvent {
			meeting.Step(ev, &mfx)
			effects += len(mfx.All())
		}
		for ev := range arc.EachSessionEvent {
			session.Step(ev, &sfx)
			effects += len(sfx.All())
		}
		for ev := range arc.EachArcEvent {
			a.Step(ev, &afx)
			effects += len(afx.All())
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if effects == 0 {
		t.Error("nothing happened")
	}
}

func TestEventsStop(t *testing.T) {
	n := 0
	for range signal.EachLinkEvent {
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Errorf("%d events", n)
	}
}

func TestUnknownEvent(t *testing.T) {
	link, fx := signal.NewLink(true), signal.LinkEffects{}
	link.Step(signal.LinkConnect(1), &fx)
	before := link
	for _, ev := range []signal.LinkEvent{{}, {Kind: 200}} {
		if edge := link.Step(ev, &fx); edge != signal.LinkNever || link != before || len(fx.All()) != 0 {
			t.Errorf("%v: %v, %+v, %v", ev, edge, link, fx.All())
		}
	}
	link.State = signal.LinkStates
	if edge := link.Step(signal.LinkUp(), &fx); edge != signal.LinkNever {
		t.Errorf("an unknown state: %v", edge)
	}
}

func TestNames(t *testing.T) {
	for want, got := range map[string]string{
		"Idle":                signal.LinkIdle.String(),
		"LinkState(9)":        signal.LinkState(9).String(),
		"Offer":               signal.LinkOnOffer.String(),
		"LinkEventKind(0)":    signal.LinkEventKind(0).String(),
		"send Offer":          signal.LinkFxSendOffer.String(),
		"start setup":         signal.LinkFxStartSetup.String(),
		"OfferingOfferYield":  signal.LinkEdgeOfferingOfferYield.String(),
		"Never":               signal.LinkNever.String(),
		"gave up":             arc.WhyGaveUp.String(),
		"SessionEdge(255)":    arc.SessionEdge(255).String(),
		"LivingCancel2":       arc.SessionEdgeLivingCancel2.String(),
		"LinkEffectKind(200)": signal.LinkEffectKind(200).String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEdgeInfo(t *testing.T) {
	got := signal.LinkEdgeInfo(signal.LinkEdgeOfferingOfferYield)
	got.Line = 0
	want := signal.EdgeInfo{Name: "OfferingOfferYield", Machine: "link", From: "Offering", Event: "Offer",
		Guard: "fresh(n) && polite", To: "Answering", Label: "yield"}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := signal.LinkEdgeInfo(signal.LinkEdgeIdleOfferStale).Guard; got != "else" {
		t.Errorf("guard %q, want else", got)
	}
	for _, none := range []signal.LinkEdge{signal.LinkNever, signal.LinkEdges, 255} {
		if got := signal.LinkEdgeInfo(none); got != (signal.EdgeInfo{}) {
			t.Errorf("%v: %+v", none, got)
		}
	}
}

func TestCheckAndWithin(t *testing.T) {
	link := signal.NewLink(false)
	if got := link.Check(); got != "" {
		t.Errorf("a fresh link: %s", got)
	}
	link.Setup = true
	if got := link.Check(); !strings.Contains(got, "signal.fsm:") || !strings.Contains(got, "always Idle =>") {
		t.Errorf("a timer in Idle: %q", got)
	}
	link = signal.NewLink(false)
	if link.Seq = 3; !link.Within() {
		t.Error("3 is within")
	}
	if link.Seq = 4; link.Within() {
		t.Error("4 is within")
	}
}

func TestCover(t *testing.T) {
	var a, b arc.ArcCover
	a.Add(arc.ArcNever)
	a.Add(arc.ArcEdges) // out of range: ignored
	if got := len(a.Missing()); got != arc.ArcEdges-1 {
		t.Errorf("%d missing", got)
	}
	b.Add(arc.ArcEdgeFreshAsk)
	a.Merge(&b)
	a.Merge(&b)
	missing := a.Missing()
	if len(missing) != arc.ArcEdges-2 || a[arc.ArcEdgeFreshAsk] != 2 {
		t.Errorf("%d missing, %d counted", len(missing), a[arc.ArcEdgeFreshAsk])
	}
}

func TestMessageLimits(t *testing.T) {
	text := strings.Repeat("x", 64)
	for _, good := range []signal.Message{
		signal.Meet{Protocol: text}, signal.Relay{Path: make([][32]byte, signal.LongestPath), Payload: make([]byte, 2048)},
		signal.Met{Result: signal.OutcomeTimeout}, &signal.Meet{},
	} {
		if err := good.Check(); err != nil {
			t.Errorf("%T: %v", good, err)
		}
	}
	for want, bad := range map[string]signal.Message{
		"Meet.protocol: 65 is more than 64":     signal.Meet{Protocol: text + "y"},
		"Relay.path: 7 is more than 6":          signal.Relay{Path: make([][32]byte, 7)},
		"Relay.payload: 2049 is more than 2048": &signal.Relay{Payload: make([]byte, 2049)},
		"Met.result: 5 is more than 4":          signal.Met{Result: 5},
	} {
		err := bad.Check()
		var limit *signal.LimitError
		if !errors.As(err, &limit) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestNewMessage(t *testing.T) {
	known := 0
	for tag := range 256 {
		m := arc.New(uint8(tag))
		if m == nil {
			continue
		}
		known++
		if m.Tag() != uint8(tag) {
			t.Errorf("tag %d makes %T of tag %d", tag, m, m.Tag())
		}
	}
	if known < 11 {
		t.Errorf("%d messages", known)
	}
	if b, ok := arc.New(arc.BindTag).(*arc.Bind); !ok || b.Protocol != "" {
		t.Errorf("BindTag makes %T", arc.New(arc.BindTag))
	}
}

func BenchmarkStep(b *testing.B) {
	link, fx := signal.NewLink(true), signal.LinkEffects{}
	connect, hangup := signal.LinkConnect(1), signal.LinkHangup()
	b.ReportAllocs()
	for b.Loop() {
		link.Seq = 0
		link.Step(connect, &fx)
		link.Step(hangup, &fx)
	}
}

func BenchmarkReferee(b *testing.B) {
	ref := referee.New()
	b.ReportAllocs()
	for b.Loop() {
		if err := ref.Link(signal.LinkIdle, signal.LinkEdgeIdleConnect, signal.LinkOffering); err != nil {
			b.Fatal(err)
		}
	}
}
