package core

import (
	"github.com/n2n-overlay/n2n/fsm/media"
	"github.com/n2n-overlay/n2n/transport"
)

// exchange is the media of one open session: who offers next, and what is at
// hand for it. Tracks themselves are the driver's.
type exchange struct {
	m            media.Exchange
	audio, video uint8            // tracks that the other end wants to send, if it does not offer
	asks         [2]uint8         // tracks that this end wants to send, likewise
	hand         *transport.Media // the description that came, or that the driver has made; never changed
}

// mediaChanged hears that tracks were added or removed here.
func (c *Core) mediaChanged(in MediaChanged) {
	p := c.open(in.ID)
	if p == nil {
		return
	}
	p.at.media.asks = [2]uint8{in.Audio, in.Video}
	c.stepExchange(p, media.ExchangeChange())
}

// mediaDone hears what the driver made of the last thing that it was asked for.
func (c *Core) mediaDone(in MediaDone) {
	p := c.open(in.ID)
	if p == nil {
		return
	}
	x := &p.at.media
	switch {
	case in.Err != nil:
		c.stepExchange(p, media.ExchangeBroken())
	case in.Media == nil:
		c.stepExchange(p, media.ExchangeFinished())
	default:
		x.hand = in.Media
		c.stepExchange(p, media.ExchangeDescribed())
	}
	x.hand = nil
}

// open finds the peer of an open session.
func (c *Core) open(id transport.SessionID) *peer {
	if p := c.sessions[id]; p.usable() && p.at.id == id {
		return p
	}
	return nil
}

// Peer gives the other end of a session that is open; zero: it is not.
func (c *Core) Peer(id transport.SessionID) transport.PeerID {
	if p := c.open(id); p != nil {
		return p.id
	}
	return transport.PeerID{}
}

// media handles a neighbor's message about media; false: it has no place here.
func (c *Core) media(p *peer, in Received) bool {
	x := &p.at.media
	x.hand = in.Media
	defer func() { x.hand = nil }()
	switch m := in.Msg.(type) {
	case *media.MediaWant:
		if int(m.Audio)+int(m.Video) > transport.MaxSections {
			return false
		}
		x.audio, x.video = m.Audio, m.Video
		return c.tryExchange(p, media.ExchangeMediaWant(m.N))
	case *media.MediaOffer:
		return in.Media != nil && c.tryExchange(p, media.ExchangeMediaOffer(m.N, m.H))
	case *media.MediaAnswer:
		return in.Media != nil && c.tryExchange(p, media.ExchangeMediaAnswer(m.N))
	case *media.MediaStop:
		return c.tryExchange(p, media.ExchangeMediaStop(m.Why))
	}
	return false
}

// tryExchange gives the exchange with p an event and carries out what it says;
// false: the spec rules it out.
func (c *Core) tryExchange(p *peer, ev media.ExchangeEvent) bool {
	var fx media.ExchangeEffects
	x := &p.at.media
	from := x.m.State
	edge := x.m.Step(ev, &fx)
	if edge == media.ExchangeNever {
		return false
	}
	c.trace("exchange", p.id, uint8(from), uint8(edge), uint8(x.m.State))
	for _, e := range fx.All() {
		c.exchangeEffect(p, e)
	}
	return true
}

func (c *Core) stepExchange(p *peer, ev media.ExchangeEvent) {
	from := p.at.media.m.State
	if !c.tryExchange(p, ev) {
		c.bug("exchange", from.String(), ev.Kind.String())
	}
}

func (c *Core) exchangeEffect(p *peer, e media.ExchangeEffect) {
	id, x := p.at.id, &p.at.media
	switch e.Kind {
	case media.ExchangeFxMake:
		c.emit(OfferMedia{id, x.audio, x.video})
	case media.ExchangeFxTake:
		c.emit(AnswerMedia{id, *x.hand})
	case media.ExchangeFxUse:
		c.emit(FinishMedia{id, *x.hand})
	case media.ExchangeFxSettled:
		c.emit(MediaSettled{id, e.All})
	case media.ExchangeFxOver:
		c.emit(MediaOver{id, mediaError(e.Why)})
	case media.ExchangeFxSendMediaWant:
		c.send(p, &media.MediaWant{N: x.m.Mine, Audio: x.asks[0], Video: x.asks[1]})
	case media.ExchangeFxSendMediaOffer:
		c.emit(SendMedia{id, &media.MediaOffer{N: x.m.Seq, H: x.m.Told}, x.hand})
	case media.ExchangeFxSendMediaAnswer:
		c.emit(SendMedia{id, &media.MediaAnswer{N: x.m.Seq}, x.hand})
	case media.ExchangeFxSendMediaStop:
		c.send(p, &media.MediaStop{Why: e.Why})
	case media.ExchangeFxStartPatience:
		c.timers.start(timer{kind: timerMedia, peer: p.id}, c.now+media.ExchangeTimeout)
	case media.ExchangeFxStopPatience:
		c.timers.stop(timer{kind: timerMedia, peer: p.id})
	}
}

func mediaError(why media.Halt) error {
	switch why {
	case media.HaltUnable:
		return ErrNoMedia
	case media.HaltTimeout:
		return ErrTimeout
	}
	return ErrFailed
}
