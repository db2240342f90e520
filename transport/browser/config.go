//go:build js && wasm

package browser

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"syscall/js"

	"github.com/n2n-overlay/n2n/transport"
)

// Config says how a Driver reaches its peers. The zero value is good for the
// internet without servers.
type Config struct {
	// ICEServers are the STUN servers that tell this browser its public address
	// and the TURN servers that relay for it. None: host candidates only.
	ICEServers []ICEServer

	// RelayOnly tells peers relayed addresses only and sends through relays
	// only, which hides the addresses of this host from them. It needs a TURN
	// server.
	RelayOnly bool

	// Remote reports whether an address of a peer may be contacted, beyond what
	// is never contacted (see the package comment). Nil: all others may. It is
	// not asked for mDNS names.
	Remote func(addr netip.AddrPort) bool

	// Media lets sessions carry audio (Opus) and video (VP8), by overlay's
	// Protocol.AddTrack, beside the messages. Without it, a peer that wants to
	// send some is refused.
	Media bool

	// Logger gets what goes wrong without ending a session. Nil: nothing.
	Logger *slog.Logger
}

// ICEServer is a STUN or TURN server (RFC 7064, RFC 7065).
type ICEServer struct {
	URLs     []string // "stun:host:port", "turn:host:port?transport=udp", …
	Username string   // TURN only
	Password string   // TURN only
}

// maxServers bounds URLs: each costs sockets and time in every session.
const maxServers = 16

// configuration is the RTCConfiguration of all connections, but for the certificate.
func (c *Config) configuration() (map[string]any, error) {
	var servers []any
	urls, relays := 0, false
	for _, s := range c.ICEServers {
		server := map[string]any{}
		var list []any
		for _, url := range s.URLs {
			if urls++; urls > maxServers {
				return nil, fmt.Errorf("more than %d URLs of ICE servers", maxServers)
			}
			relays = relays || strings.HasPrefix(url, "turn")
			list = append(list, url)
		}
		server["urls"] = list
		if s.Username != "" {
			server["username"], server["credential"] = s.Username, s.Password
		}
		servers = append(servers, server)
	}
	cfg := map[string]any{"iceServers": servers, "bundlePolicy": "max-bundle"}
	if c.RelayOnly {
		if !relays {
			return nil, fmt.Errorf("relay only, but no TURN server")
		}
		cfg["iceTransportPolicy"] = "relay"
	}
	return cfg, nil
}

// Of transport.MaxCandidates, so many places are kept for what servers tell.
const serverPlaces = 3

// places is how many candidates of this end there may be when one of a type comes.
// Those of the host, which come first, leave room for others.
func (d *Driver) places(t transport.CandidateType) int {
	if t == transport.Host && len(d.cfg.ICEServers) > 0 {
		return transport.MaxCandidates - serverPlaces
	}
	return transport.MaxCandidates
}

// reachable reports whether an address of a peer may be contacted.
func (d *Driver) reachable(to netip.AddrPort) bool {
	ip := to.Addr()
	switch {
	case ip.IsLinkLocalUnicast() || ip.IsLoopback() && !d.loopback:
		return false
	case d.cfg.Remote != nil:
		return d.cfg.Remote(to)
	}
	return true
}

// fromLoopback reports whether the page comes from this machine.
func fromLoopback() bool {
	location := js.Global().Get("location")
	if !location.Truthy() {
		return false
	}
	host := location.Get("hostname").String()
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}
