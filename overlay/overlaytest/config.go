package overlaytest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// Defaults of Config, and what keeps events apart.
const (
	DefaultProtocol = "test"
	DefaultLatency  = 10 * time.Millisecond
	DefaultSettle   = 2 * time.Minute

	MinJitter = 100 * time.Microsecond // every path has at least this much
	Stagger   = time.Millisecond       // Peer.Sleep takes up to this much more
	MaxPeers  = 10_000
)

// Config says what world it is. Only Peers is required.
type Config struct {
	Peers    int      // 1 to MaxPeers
	Seed     uint64   // of all chances; zero: 1
	Protocol string   // the name of the protocol under test; empty: DefaultProtocol
	Path     mem.Path // between all peers; Latency zero: DefaultLatency; Jitter: at least MinJitter

	Node    overlay.Config         // for every node; Driver, Key and Audit are the world's
	Options overlay.ProtocolConfig // for the protocol under test
	Network func(n *mem.Network)   // changes the network before the first peer is made, Silence say; nil: nothing
	Settle  time.Duration          // how long the world may take to come to rest in the end; zero: DefaultSettle; negative: the views are not checked
	NoAudit bool                   // do without the looplab referee
}

// The flags are read by Run only; a test binary has no other way in.
var (
	seedFlag  = flag.Uint64("overlaytest.seed", 0, "seed of the worlds of package overlaytest; 0: each test's own")
	seedsFlag = flag.Uint64("overlaytest.seeds", 1, "how many seeds each world of package overlaytest runs with")
	logFlag   = flag.Bool("overlaytest.log", false, "log what the nodes of package overlaytest's worlds log")
)

func (c Config) fill() (Config, error) {
	if c.Peers < 1 || c.Peers > MaxPeers {
		return c, fmt.Errorf("overlaytest: Config.Peers is %d: want 1 to %d", c.Peers, MaxPeers)
	}
	if *seedFlag != 0 {
		c.Seed = *seedFlag
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Protocol == "" {
		c.Protocol = DefaultProtocol
	}
	if c.Settle == 0 {
		c.Settle = DefaultSettle
	}
	c.Path = fillPath(c.Path)
	return c, nil
}

func fillPath(p mem.Path) mem.Path {
	if p.Latency == 0 {
		p.Latency = DefaultLatency
	}
	p.Jitter = max(p.Jitter, MinJitter)
	return p
}

// key gives the key of a peer: it has the same one in each run, and after a
// restart.
func key(seed uint64, peer int) ed25519.PrivateKey {
	sum := sha256.Sum256(fmt.Appendf(nil, "overlaytest key %d %d", seed, peer))
	return ed25519.NewKeyFromSeed(sum[:])
}

// source gives the chances of one owner, which do not depend on what others
// draw.
func source(seed uint64, owner string, number, boot int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "overlaytest %s %d %d %d", owner, seed, number, boot))))
}
