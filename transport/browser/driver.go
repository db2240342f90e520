//go:build js && wasm

package browser

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"syscall/js"
	"time"

	"github.com/n2n-overlay/n2n/transport"
)

// certificateAge is for how long a certificate is good, unless the browser says
// less.
const certificateAge = 365 * 24 * time.Hour

var errLeft = errors.New("the page was left")

// Driver performs WebRTC with the browser's RTCPeerConnection. Make one with New.
type Driver struct {
	cfg           Config
	class         js.Value // RTCPeerConnection
	configuration js.Value // of every connection
	certificate   js.Value // a promise; undefined when it is part of the configuration
	loopback      bool     // loopback may be contacted
	promises      *promises
	page          listeners
	scratch       js.Value // Uint8Array of transport.MaxFrame bytes, to send from
	view          js.Value // its first viewed bytes, as many as the last message had
	viewed        int
	buffers       buffers
	collector     collector

	ctx    context.Context // ends with the driver
	cancel context.CancelFunc
	wg     sync.WaitGroup // the sessions' goroutines
	warm   []*time.Timer  // for what takes long when it is done first

	mu       sync.Mutex
	closed   bool
	sessions map[transport.SessionID]*session
	spares   spares
}

var _ transport.MediaDriver = (*Driver)(nil)

// New makes a driver. It waits for nothing. Errors: a Config that cannot work, a
// place without RTCPeerConnection, such as a worker.
func New(cfg Config) (*Driver, error) {
	configuration, err := cfg.configuration()
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	class := js.Global().Get("RTCPeerConnection")
	if !class.Truthy() {
		return nil, errors.New("browser: no RTCPeerConnection here: pages have it, workers have not")
	}
	certificate, err := call(class, "generateCertificate", map[string]any{
		"name": "ECDSA", "namedCurve": "P-256", "expires": certificateAge.Milliseconds(),
	})
	if err != nil {
		return nil, fmt.Errorf("browser: certificate: %w", err)
	}
	array := js.Global().Get("Uint8Array")
	d := &Driver{
		cfg:           cfg,
		class:         class,
		configuration: js.ValueOf(configuration),
		certificate:   certificate,
		loopback:      fromLoopback(),
		promises:      newPromises(),
		scratch:       array.New(transport.MaxFrame),
		viewed:        -1,
		buffers:       buffers{array: array},
		sessions:      make(map[transport.SessionID]*session),
		spares:        spares{age: spareAge},
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	if js.Global().Get("addEventListener").Truthy() {
		d.page.on(js.Global(), "pagehide", func(js.Value) { d.leave() })
		for _, event := range []string{"online", "offline"} { // another network
			d.page.on(js.Global(), event, func(js.Value) { d.renew() })
		}
	}
	d.spares.timer = time.AfterFunc(spareDelay, d.prepare)
	d.warm = []*time.Timer{time.AfterFunc(warmDelay, warm), time.AfterFunc(collectDelay, runtime.GC)}
	return d, nil
}

// configured gives the configuration with the certificate, which the browser is
// making when the first session begins.
func (d *Driver) configured(ctx context.Context) (js.Value, error) {
	if d.certificate.IsUndefined() {
		return d.configuration, nil
	}
	certificate, err := d.promises.await(ctx, d.certificate)
	if err != nil {
		return js.Undefined(), err
	}
	d.configuration.Set("certificates", []any{certificate})
	d.certificate = js.Undefined()
	return d.configuration, nil
}

// Media reports whether sessions carry audio and video: Config.Media.
func (d *Driver) Media() bool { return d.cfg.Media }

// leave ends all sessions when the page is left, so that their other ends need
// not wait for a heartbeat.
func (d *Driver) leave() {
	for _, s := range d.all() {
		s.fail(errLeft)
		s.disconnect()
	}
}

// Offer begins a session as its initiator. Errors: transport.ErrClosed, an id in use.
func (d *Driver) Offer(id transport.SessionID, h transport.Handler) (transport.Session, error) {
	s, err := d.begin(id, true, h)
	if err != nil {
		return nil, err
	}
	return s.begin(), nil
}

// Answer begins a session that a peer has offered. Errors: transport.ErrClosed,
// an id in use, an offer that cannot work.
func (d *Driver) Answer(id transport.SessionID, offer transport.Description, h transport.Handler) (transport.Session, error) {
	if err := offer.Check(); err != nil {
		return nil, fmt.Errorf("offer: %w", err)
	}
	s, err := d.begin(id, false, h)
	if err != nil {
		return nil, err
	}
	s.offered = copied(offer)
	s.add(offer.Candidates)
	return s.begin(), nil
}

// begin gives a session its name. It waits for session.begin.
func (d *Driver) begin(id transport.SessionID, initiator bool, h transport.Handler) (*session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, transport.ErrClosed
	}
	if d.sessions[id] != nil {
		return nil, fmt.Errorf("session %v: id in use", id)
	}
	s := d.take(initiator)
	s.id, s.handler = id, h
	s.silent.Store(false)
	d.sessions[id] = s
	d.spares.timer.Reset(spareDelay)
	return s, nil
}

// end frees the id of a session.
func (d *Driver) end(s *session) {
	d.discard(s)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sessions[s.id] == s {
		delete(d.sessions, s.id)
	}
}

// all gives all sessions, the spares included.
func (d *Driver) all() []*session {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := slices.Collect(maps.Values(d.sessions))
	for _, s := range []*session{d.spares.offer, d.spares.answer} {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// Close ends every session without calling their handlers. It waits for calls of
// handlers that are under way, and for every goroutine, so it must not be called
// within a callback of JavaScript. It may be repeated.
func (d *Driver) Close() error {
	d.mu.Lock()
	again := d.closed
	d.closed = true
	d.spares.timer.Stop()
	for _, timer := range d.warm {
		timer.Stop()
	}
	d.mu.Unlock()
	for _, s := range d.all() {
		_ = s.Close()
	}
	d.cancel()
	d.wg.Wait()
	if !again {
		d.page.release()
		d.collector.close()
		d.promises.close()
	}
	return nil
}
