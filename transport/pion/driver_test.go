package pion

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

func TestBadConfig(t *testing.T) {
	rsaLike := &tls.Certificate{Certificate: [][]byte{{1}}, PrivateKey: "not a key"}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"address without port":   {ListenAddr: "127.0.0.1"},
		"address with a name":    {ListenAddr: "localhost:0"},
		"address of others":      {ListenAddr: "192.0.2.250:0"},
		"short silence":          {Silence: time.Millisecond},
		"long keepalive":         {Silence: time.Minute, KeepAlive: 30 * time.Second},
		"short keepalive":        {KeepAlive: time.Millisecond},
		"server without scheme":  {ICEServers: []ICEServer{{URLs: []string{"stun.example.org"}}}},
		"TURN without password":  {ICEServers: []ICEServer{{URLs: []string{"turn:192.0.2.1"}}}},
		"too many servers":       {ICEServers: []ICEServer{{URLs: slices.Repeat([]string{"stun:192.0.2.1"}, maxServers+1)}}},
		"relay only without one": {RelayOnly: true, ICEServers: []ICEServer{{URLs: []string{"stun:192.0.2.1"}}}},
		"wrong key":              {Certificate: rsaLike},
		"wrong curve":            {Certificate: &tls.Certificate{Certificate: [][]byte{{1}}, PrivateKey: p384}},
	} {
		d, err := New(cfg)
		if err == nil {
			_ = d.Close()
			t.Errorf("%s: no error", name)
			continue
		}
		t.Logf("%s: %v", name, err)
	}
}

func TestListen(t *testing.T) {
	for addr, want := range map[string][]string{
		"":            {"0.0.0.0", "::"},
		":0":          {"0.0.0.0", "::"},
		"0.0.0.0:0":   {"0.0.0.0"},
		"127.0.0.1:0": {"127.0.0.1"},
	} {
		d, err := New(Config{ListenAddr: addr})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range d.mux.sockets {
			got = append(got, s.local.Addr().String())
		}
		if six := slices.Contains(want, "::"); six && len(got) == 1 && got[0] == "0.0.0.0" {
			t.Logf("%q: no IPv6 here", addr)
		} else if !slices.Equal(got, want) {
			t.Errorf("%q listens at %v, want %v", addr, got, want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCertificate(t *testing.T) {
	own, err := newCertificate(false)
	if err != nil {
		t.Fatal(err)
	}
	x, err := x509.ParseCertificate(own.Certificate[0])
	if err != nil || time.Until(x.NotAfter) < 3*365*24*time.Hour || time.Now().Before(x.NotBefore) {
		t.Errorf("certificate valid from %v to %v, %v", x.NotBefore, x.NotAfter, err)
	}
	var prints [][32]byte
	for _, c := range []*tls.Certificate{own, own, nil, nil} {
		_, p, err := certificate(c, false)
		if err != nil {
			t.Fatal(err)
		}
		prints = append(prints, p)
	}
	if prints[0] != prints[1] || prints[0] == prints[2] || prints[2] == prints[3] {
		t.Errorf("fingerprints %x", prints)
	}
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	leaf.NotAfter = time.Now().Add(-time.Hour)
	old, err := x509.CreateCertificate(rand.Reader, leaf, leaf, leaf.PublicKey, own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(Config{Certificate: &tls.Certificate{Certificate: [][]byte{old}, PrivateKey: own.PrivateKey}})
	if err == nil {
		_ = d.Close()
		t.Error("an expired certificate is taken")
	}
}

// TestReachable holds the policy of the package comment.
func TestReachable(t *testing.T) {
	everywhere := newAddresses(netip.IPv6Unspecified(), Config{Remote: func(a netip.AddrPort) bool { return a.Port() != 6666 }})
	everywhere.known.Store(&scan{at: time.Now(), broadcast: []netip.Addr{netip.MustParseAddr("192.168.1.255")}})
	loopback := newAddresses(netip.MustParseAddr("127.0.0.1"), Config{})
	for addr, want := range map[string][2]bool{ // everywhere, loopback
		"203.0.113.5:5000":         {true, false},
		"[2001:db8::5]:5000":       {true, false},
		"192.168.1.7:1024":         {true, false},
		"10.0.0.1:65535":           {true, false},
		"[fd00::1]:5000":           {true, false},
		"100.64.0.1:5000":          {true, false},
		"127.0.0.1:5000":           {false, true},
		"[::1]:5000":               {false, true},
		"203.0.113.5:1023":         {false, false},
		"127.0.0.1:53":             {false, false},
		"203.0.113.5:6666":         {false, false},
		"0.0.0.0:5000":             {false, false},
		"[::]:5000":                {false, false},
		"224.0.0.251:5353":         {false, false},
		"[ff02::fb]:5353":          {false, false},
		"255.255.255.255:5000":     {false, false},
		"192.168.1.255:5000":       {false, false},
		"169.254.1.1:5000":         {false, false},
		"[fe80::1]:5000":           {false, false},
		"[::ffff:127.0.0.1]:5000":  {false, false},
		"[::ffff:192.0.2.99]:5000": {false, false},
	} {
		a := netip.MustParseAddrPort(addr)
		if got := everywhere.reachable(a); got != want[0] {
			t.Errorf("%v from everywhere: %v, want %v", a, got, want[0])
		}
		if got := loopback.reachable(a); got != want[1] {
			t.Errorf("%v from loopback: %v, want %v", a, got, want[1])
		}
	}
	if everywhere.reachable(netip.AddrPort{}) {
		t.Error("the zero address is reachable")
	}
}

func TestScan(t *testing.T) {
	s := newAddresses(netip.IPv6Unspecified(), Config{}).fresh()
	t.Logf("hosts %v, broadcast %v, loopback %v", s.hosts, s.broadcast, s.loopback)
	if len(s.hosts) == 0 {
		t.Error("no addresses at all")
	}
	for _, ip := range s.hosts {
		if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip.IsLoopback() != s.loopback {
			t.Errorf("%v is told", ip)
		}
	}
	none := newAddresses(netip.IPv6Unspecified(), Config{Interfaces: func(string) bool { return false }}).fresh()
	if len(none.hosts) > 0 && !s.loopback {
		t.Errorf("%v although no interface passes", none.hosts)
	}
	_, network, err := net.ParseCIDR("192.168.5.0/22")
	if err != nil {
		t.Fatal(err)
	}
	if _, b, ok := split(network); !ok || b.String() != "192.168.7.255" {
		t.Errorf("broadcast %v, %v", b, ok)
	}
}

// TestHostCandidates has more addresses than may be told.
func TestHostCandidates(t *testing.T) {
	a := newAddresses(netip.IPv6Unspecified(), Config{})
	s := &scan{at: time.Now()}
	for i := range byte(20) {
		s.hosts = append(s.hosts, netip.AddrFrom4([4]byte{10, 0, 0, i}))
	}
	a.known.Store(s)
	four := &socket{local: netip.MustParseAddrPort("0.0.0.0:5000")}
	six := &socket{local: netip.MustParseAddrPort("[::]:6000")}
	both, only := &mux{addresses: a, sockets: []*socket{six, four}}, &mux{addresses: a, sockets: []*socket{six}}
	got := both.hostCandidates(transport.MaxCandidates)
	if err := transport.CheckCandidates(got); err != nil || len(got) != transport.MaxCandidates {
		t.Fatalf("%v, %v", got, err)
	}
	for i, c := range got {
		if c.Addr.Port() != 5000 || c.Type != transport.Host || i > 0 && c.Priority >= got[i-1].Priority {
			t.Errorf("candidate %d: %v", i, c)
		}
	}
	if len(only.hostCandidates(8)) != 0 || len(only.GetListenAddresses()) != 0 {
		t.Error("an IPv6 socket has an IPv4 address")
	}
	// The ICE agent needs one address for each socket.
	if at := both.GetListenAddresses(); len(at) != 1 || at[0].String() != "10.0.0.0:5000" {
		t.Errorf("the ICE agent listens at %v", at)
	}
}

func TestSendQueue(t *testing.T) {
	var q sendQueue
	held := uint64(0) // what SCTP holds
	sent := 0
	for q.room(held, 1) {
		q.push(1)
		held++
		sent++
	}
	if sent != maxMessages {
		t.Errorf("%d small messages, want %d", sent, maxMessages)
	}
	held = 10
	if !q.room(held, 1) || len(q.ends) != 10 {
		t.Errorf("%d messages are counted, want 10", len(q.ends))
	}
	if !q.room(held, maxBuffered-10) || q.room(held, maxBuffered-9) {
		t.Error("the bound in bytes is wrong")
	}
	if q.room(0, 0); q.ends != nil {
		t.Errorf("%d messages are counted, want none", len(q.ends))
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	l := loggers{to: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}.NewLogger("ice")
	l.Tracef("trace %d", 1)
	l.Trace("trace 2")
	l.Debugf("debug %d", 1)
	l.Debug("debug 2")
	l.Infof("info %d", 1)
	l.Info("info 2")
	l.Warnf("warn %d", 1)
	l.Warn("warn 2")
	l.Errorf("error %d", 1)
	l.Error("error 2")
	text := out.String()
	for _, want := range []string{"debug 1", "debug 2", "info 1", "info 2", "warn 1", "warn 2", "error 1", "error 2", "layer=ice", "level=ERROR"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "trace") {
		t.Errorf("trace is below debug:\n%s", text)
	}
	silent := loggers{}.NewLogger("ice")
	silent.Error("nobody")
	silent.Errorf("nobody %d", 1)
}

// TestLimits of what a peer may name.
func TestLimits(t *testing.T) {
	d, err := New(Config{ListenAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	s := d.newSession(transport.SessionID{Number: 1}, nil)
	s.ctx, s.cancel = context.WithCancelCause(t.Context())
	for port := range uint16(30) {
		s.add([]transport.Candidate{{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 2000+port)}})
		s.add([]transport.Candidate{{Addr: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.1"), 2000+port)}})
	}
	if len(s.candidates) != transport.MaxCandidates {
		t.Errorf("%d candidates, want %d", len(s.candidates), transport.MaxCandidates)
	}
	var told int
	for port := range uint16(30) {
		told += len(s.newlyTold([]transport.Candidate{{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 2000+port)}}))
	}
	if told != transport.MaxCandidates {
		t.Errorf("%d candidates told, want %d", told, transport.MaxCandidates)
	}
	for number := range uint16(maxChannels) {
		if _, err := s.Channel(number, transport.ChannelConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Channel(maxChannels, transport.ChannelConfig{}); err == nil {
		t.Error("one channel too many")
	}
	s.cancel(nil)
}
