package pion

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// Config says how a Driver reaches its peers. The zero value is good for the
// internet without servers: hosts with public addresses, hosts of one LAN, and
// most home routers as long as one of two peers can be reached.
type Config struct {
	// ListenAddr is the UDP address of this node, "host:port". A host must be
	// an IP address. Empty: ":0", one socket for IPv4 and one for IPv6 at all
	// addresses with a port that the system chooses; one of the two may fail.
	ListenAddr string

	// ICEServers are the STUN servers that tell this node its public address and
	// the TURN servers that relay for it. None: host candidates only.
	ICEServers []ICEServer

	// RelayOnly tells peers relayed addresses only and sends through relays
	// only, which hides this node's own addresses from them. It needs a TURN
	// server.
	RelayOnly bool

	// Interfaces reports whether the addresses of a network interface may be
	// told to peers. Nil: all but loopback. It has no say when ListenAddr names
	// an address.
	Interfaces func(name string) bool

	// Remote reports whether an address of a peer may be contacted, beyond what
	// is never contacted (see the package comment). Nil: all others may. It is
	// called for received connectivity checks too, so it must be quick.
	Remote func(addr netip.AddrPort) bool

	// Silence is how long a peer may be silent before its session goes Down,
	// and how long an attempt looks for a path. Zero: 10 s, at least 1 s.
	//
	// It is noticed two KeepAlives later at the most. Shorter notices a crash
	// sooner, but a process that does not get the processor for that long loses
	// its sessions: ten seconds outlast a collapse of the machine's load, and a
	// crash seldom needs to be noticed by silence, since the node has a
	// heartbeat and a closed session says so.
	Silence time.Duration

	// KeepAlive is how often a session asks the peer for a sign of life.
	// Zero: 1 s; at least 100 ms, at most a quarter of Silence. Ten of them
	// fit into a silence, so that loss alone does not end a session; each costs
	// about 0.1 ms of processor time.
	KeepAlive time.Duration

	// Media lets sessions carry audio (Opus) and video (VP8), by overlay's
	// Protocol.AddTrack, beside the messages. Without it, a peer that wants to
	// send some is refused. It costs each session 6 goroutines and some 50 KiB at
	// each end, tracks or not; see the package comment.
	Media bool

	// Certificate is the DTLS certificate of this node, with an ECDSA P-256 key
	// (RFC 8827 section 6.5). Nil: a fresh one, for this driver only. Once it
	// has expired, no session can begin.
	Certificate *tls.Certificate

	// Logger gets what the layers below report, which is much. Nil: nothing.
	Logger *slog.Logger
}

// ICEServer is a STUN or TURN server (RFC 7064, RFC 7065).
type ICEServer struct {
	URLs     []string // "stun:host:port", "turn:host:port?transport=udp", …
	Username string   // TURN only
	Password string   // TURN only
}

// The defaults and bounds of Config.
const (
	defaultSilence   = 10 * time.Second
	minSilence       = time.Second
	defaultKeepAlive = time.Second
	minKeepAlive     = 100 * time.Millisecond
	maxServers       = 16 // URLs: each costs sockets and time in every session
)

// settings is a Config with its defaults filled in and its parts read.
type settings struct {
	Config
	stun []*stun.URI // asked for this node's public address
	turn []*stun.URI // asked for relays
}

func (c Config) settings() (settings, error) {
	s := settings{Config: c}
	if s.ListenAddr == "" {
		s.ListenAddr = ":0"
	}
	if s.Silence == 0 {
		s.Silence = defaultSilence
	}
	if s.Silence < minSilence {
		return s, fmt.Errorf("silence of %v: want at least %v", s.Silence, minSilence)
	}
	if s.KeepAlive == 0 {
		s.KeepAlive = min(defaultKeepAlive, s.Silence/4)
	}
	if s.KeepAlive < minKeepAlive || s.KeepAlive > s.Silence/4 {
		return s, fmt.Errorf("keepalive of %v: want %v to %v", s.KeepAlive, minKeepAlive, s.Silence/4)
	}
	if err := s.readServers(); err != nil {
		return s, err
	}
	if s.RelayOnly && len(s.turn) == 0 {
		return s, fmt.Errorf("relay only, but no TURN server")
	}
	return s, nil
}

func (s *settings) readServers() error {
	n := 0
	for _, server := range s.ICEServers {
		for _, url := range server.URLs {
			if n++; n > maxServers {
				return fmt.Errorf("more than %d URLs of ICE servers", maxServers)
			}
			uri, err := stun.ParseURI(url)
			if err != nil {
				return fmt.Errorf("ICE server %q: %w", url, err)
			}
			switch uri.Scheme {
			case stun.SchemeTypeTURN, stun.SchemeTypeTURNS:
				if server.Username == "" || server.Password == "" {
					return fmt.Errorf("ICE server %q: TURN needs a user name and a password", url)
				}
				relay := *uri
				relay.Username, relay.Password = server.Username, server.Password
				s.turn = append(s.turn, &relay)
			}
			// A TURN server answers STUN too (RFC 8656 section 1). Only UDP
			// tells the address of our own socket.
			plain := uri.Scheme == stun.SchemeTypeSTUN || uri.Scheme == stun.SchemeTypeTURN
			if plain && uri.Proto == stun.ProtoTypeUDP && !s.RelayOnly {
				s.stun = append(s.stun, uri)
			}
		}
	}
	return nil
}
