package overlay_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
	"github.com/n2n-overlay/n2n/transport/mem"
)

// TestHTTP has the standard library's server and client talk over streams, in
// both versions that need no TLS: 100 requests at once, with bodies of 100 kB
// both ways. The client is known to the server by its PeerID.
func TestHTTP(t *testing.T) {
	before := goleak.IgnoreCurrent()
	network := mem.NewNetwork(1)
	t.Run("drivers", func(t *testing.T) {
		for driver, make := range map[string]func() transport.Driver{
			"mem":  func() transport.Driver { return network.NewDriver() },
			"pion": func() transport.Driver { return loopback(t) },
		} {
			for _, version := range []int{1, 2} {
				t.Run(fmt.Sprintf("HTTP%d over %s", version, driver), func(t *testing.T) {
					a, b := pair(t, make, overlay.ProtocolConfig{})
					testHTTP(t, a, b, version)
				})
			}
		}
	})
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

func testHTTP(t *testing.T, a, b *overlay.Protocol, version int) {
	const requests, size = 100, 100_000
	var protocols http.Protocols
	if version == 1 {
		protocols.SetHTTP1(true)
	} else {
		protocols.SetUnencryptedHTTP2(true)
	}
	together := make(chan struct{}) // closed when every request is there
	var arrived atomic.Int32
	server := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			return
		}
		body, err := io.ReadAll(r.Body)
		if arrived.Add(1) == requests {
			close(together)
		}
		if err != nil || len(body) != size {
			http.Error(w, fmt.Sprintf("body of %d bytes: %v", len(body), err), http.StatusBadRequest)
			return
		}
		select {
		case <-together:
		case <-r.Context().Done():
		}
		fmt.Fprintf(w, "%s by %s from %s\n%s", r.URL.Path, r.Proto, r.RemoteAddr, body)
	})}
	l := b.Listen() // before anybody dials
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()

	transport := &http.Transport{Protocols: &protocols, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return a.Dial(ctx, b.Node().ID())
	}}
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	// The first one makes the connection that HTTP/2 needs one of.
	if r, err := client.Get("http://peer/first"); err != nil {
		t.Fatal(err)
	} else if _, err := io.Copy(io.Discard, r.Body); err != nil || r.Body.Close() != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() {
			body := strings.Repeat(string(rune('a'+i%26)), size)
			r, err := client.Post(fmt.Sprintf("http://peer/%d", i), "text/plain", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			got, err := io.ReadAll(r.Body)
			want := fmt.Sprintf("/%d by HTTP/%d.%d from %s\n%s", i, version, version%2, a.Node().ID(), body)
			if err != nil || string(got) != want {
				t.Errorf("answer %.120q, %v, want %.120q", got, err, want)
			}
		})
	}
	all.Wait()
	if opened := a.Node().Stats().StreamsOpened; version == 1 && opened < requests || version == 2 && opened != 1 {
		t.Errorf("%d streams were opened", opened)
	}
	transport.CloseIdleConnections()
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != http.ErrServerClosed {
		t.Errorf("serve: %v", err)
	}
}
