package pion

import (
	"github.com/pion/ice/v4"
	"github.com/pion/transport/v5/stdnet"

	"github.com/n2n-overlay/n2n/transport"
)

// newAgent makes an ICE agent. It has the sockets for candidates and need not gather
// them.
func (k *stack) newAgent() (*ice.Agent, error) {
	d, cfg, silence := k.session.driver, &k.session.driver.cfg, k.session.silence
	wait := relayWait
	if cfg.RelayOnly {
		wait = 0
	}
	options := []ice.AgentOption{
		ice.WithLoggerFactory(d.loggers),
		ice.WithLocalCredentials(k.ufrag, k.password),
		ice.WithNet(&stdnet.Net{}), // without the scan of the interfaces, which costs more than the rest of an agent
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6}),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeRelay}),
		ice.WithUrls(cfg.turn),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithDisableActiveTCP(),
		ice.WithRemoteIPFilter(d.contactable),
		ice.WithMaxBindingRequests(checks),
		ice.WithHostAcceptanceMinWait(0),
		ice.WithSrflxAcceptanceMinWait(0),
		ice.WithPrflxAcceptanceMinWait(0),
		ice.WithRelayAcceptanceMinWait(wait),
		ice.WithBindingRequestHandler(d.eager.check),
		// Disconnected has no meaning here, only the sum of both counts.
		ice.WithDisconnectedTimeout(silence / 2),
		ice.WithFailedTimeout(silence - silence/2),
		ice.WithKeepaliveInterval(cfg.KeepAlive),
	}
	agent, err := ice.NewAgentWithOptions(options...)
	if err != nil {
		return nil, err
	}
	if err := k.prepare(agent); err != nil {
		_ = agent.Close()
		return nil, err
	}
	return agent, nil
}

// prepare has the agent tell when it fails, and gives it its candidates.
func (k *stack) prepare(agent *ice.Agent) error {
	err := agent.OnConnectionStateChange(func(state ice.ConnectionState) {
		if state == ice.ConnectionStateFailed {
			k.failed.Store(true)
			k.session.fail(errFailed)
		}
	})
	if err != nil {
		return err
	}
	if k.mux != nil {
		for _, b := range k.mux.bases() {
			c, err := candidate(transport.Candidate{Addr: b.addr})
			if err != nil {
				return err
			}
			if err := agent.AddVirtualCandidate(c, b.part(k.ufrag, k.inbox)); err != nil {
				return err
			}
		}
	}
	if len(k.session.driver.cfg.turn) == 0 {
		return nil
	}
	return k.gather(agent)
}

// gather has the agent ask the TURN servers.
func (k *stack) gather(agent *ice.Agent) error {
	relays := &relayed{session: k.session}
	err := agent.OnCandidate(func(c ice.Candidate) {
		switch {
		case c == nil:
			relays.end()
		case c.Type() == ice.CandidateTypeRelay:
			relays.add(c.Address(), uint16(c.Port()), c.Priority())
		}
	})
	if err != nil {
		return err
	}
	return agent.GatherCandidates()
}
