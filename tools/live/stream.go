package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/n2n-overlay/n2n/overlay"
	"github.com/n2n-overlay/n2n/transport"
)

const (
	maxCommand   = 8 << 10 // bytes
	maxUnderWay  = 16      // commands of one reader
	writeTimeout = 10 * time.Second
	doTimeout    = 30 * time.Second
	pace         = 60 * time.Millisecond // between two updates of one reader
	maxMembers   = 256
)

var errUnknownCommand = errors.New("unknown command")

// reader is one page that is open somewhere.
type reader struct {
	page *Page
	ws   *websocket.Conn

	mu      sync.Mutex
	watched *Watched
	step    uint64 // the next step of watched
	room    string
	told    told // what it knows already
	answers []answer
	working int           // commands under way
	wake    chan struct{} // holds one
}

// told is what a reader was told last.
type told struct {
	machines []overlay.Machine
	entrance entranceInfo
}

// stream serves one reader until it goes, or the page is closed.
func (p *Page) stream(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	full := p.readers >= maxReaders
	if !full {
		p.readers++
	}
	p.mu.Unlock()
	if full {
		http.Error(w, "live: too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer func() {
		p.mu.Lock()
		p.readers--
		p.mu.Unlock()
	}()
	ws, err := websocket.Accept(w, r, nil) // checks that a page of ours asks: Origin
	if err != nil {
		return // it has answered
	}
	defer ws.CloseNow()
	ws.SetReadLimit(maxCommand)
	rd := &reader{page: p, ws: ws, wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(p.ctx)
	done := make(chan struct{})
	if !p.start(func() { // ServeHTTP's caller does not wait for hijacked connections
		defer close(done)
		defer cancel()
		rd.read(ctx)
	}) {
		cancel()
		return
	}
	err = rd.write(ctx)
	cancel()
	ws.CloseNow()
	<-done
	p.cfg.Logger.Debug("live: page closed", "err", err)
}

// write sends what is new, again and again.
func (rd *reader) write(ctx context.Context) error {
	p := rd.page
	for _, w := range p.shown() { // nobody has looked for a while
		p.describe(w)
	}
	p.mu.Lock()
	cursor := p.events.next - min(p.events.next, uint64(len(p.events.list)))
	p.mu.Unlock()
	seen, all := uint64(0), []transport.PeerID(nil)
	u := update{Hello: p.greeting()}
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		p.mu.Lock()
		changed := p.changed
		ids := make([]transport.PeerID, 0, len(p.nodes))
		for _, w := range p.nodes {
			ids = append(ids, w.node.ID())
			if w.version > seen {
				u.Nodes = append(u.Nodes, w.json)
			}
		}
		seen = p.version
		u.Events, cursor, u.Missed = p.events.from(cursor, eventsKept)
		p.mu.Unlock()
		if !slices.Equal(ids, all) {
			u.All, all = ids, ids
		}
		rd.add(&u)
		if u.Hello != nil || len(u.Nodes)+len(u.Events)+len(u.All) > 0 || u.Watch != nil || u.Entrance != nil || u.Answer != nil {
			if err := rd.send(ctx, u); err != nil {
				return err
			}
		}
		again := u.Answer != nil // there may be more answers
		u = update{}
		if again {
			continue
		}
		select { // not faster than a person sees
		case <-time.After(pace):
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-rd.moved():
		case <-rd.wake:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (rd *reader) send(ctx context.Context, u update) error {
	b, err := json.Marshal(u)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return rd.ws.Write(ctx, websocket.MessageText, b)
}

// moved gives a channel that is closed when the watched node takes a step.
func (rd *reader) moved() <-chan struct{} {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if rd.watched == nil {
		return nil
	}
	return rd.watched.wait()
}

// add completes an update by what only this reader wants.
func (rd *reader) add(u *update) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if len(rd.answers) > 0 {
		u.Answer = &rd.answers[0]
		rd.answers = rd.answers[1:]
	}
	if w := rd.watched; w != nil {
		list, steps, next, missed := w.machines(rd.step)
		rd.step = next
		if len(steps) > 0 || missed > 0 || !slices.Equal(list, rd.told.machines) {
			rd.told.machines = list
			u.Watch = watchOf(w, list, steps, missed)
		}
	}
	if e := rd.page.cfg.Entrance; e != nil {
		s := e.Stats()
		i := &entranceInfo{
			Connections: s.Connections, Rooms: s.Rooms, Doors: s.Doors, Visits: s.Visits, Waiting: s.Waiting,
			Joins: s.Joins, Answered: s.Answered, Room: rd.room,
		}
		if rd.room != "" {
			i.Members, _ = e.Members(rd.room, maxMembers)
		}
		if !reflect.DeepEqual(*i, rd.told.entrance) {
			u.Entrance, rd.told.entrance = i, *i
		}
	}
}

func watchOf(w *Watched, list []overlay.Machine, steps []overlay.Step, missed uint64) *watch {
	u := &watch{Node: w.node.ID(), Machines: make([]machine, 0, len(list)), Missed: missed}
	for _, m := range list {
		u.Machines = append(u.Machines, machine(m))
	}
	for _, s := range steps {
		u.Steps = append(u.Steps, stepOf(s))
	}
	return u
}

// read takes commands until the connection ends.
func (rd *reader) read(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		_, b, err := rd.ws.Read(ctx)
		if err != nil {
			return
		}
		var c command
		if err := json.Unmarshal(b, &c); err != nil {
			rd.ws.Close(websocket.StatusUnsupportedData, "a command that cannot be read")
			return
		}
		switch c.Do {
		case "watch": // the zero id: nobody
			rd.mu.Lock()
			rd.watched, rd.step, rd.told.machines = rd.page.find(c.Node), 0, nil
			rd.mu.Unlock()
			rd.nudge()
			continue
		case "room":
			rd.mu.Lock()
			rd.room = c.Text
			rd.mu.Unlock()
			rd.nudge()
			continue
		}
		rd.mu.Lock()
		busy := rd.working >= maxUnderWay
		if !busy {
			rd.working++
		}
		rd.mu.Unlock()
		if busy {
			rd.answer(answer{Call: c.Call, Error: "too many commands are under way"})
			continue
		}
		working.Go(func() {
			begun := time.Now()
			err := rd.do(ctx, c)
			a := answer{Call: c.Call, Took: float64(time.Since(begun).Microseconds()) / 1000}
			if err != nil {
				a.Error = err.Error()
			}
			rd.mu.Lock()
			rd.working--
			rd.mu.Unlock()
			rd.answer(a)
		})
	}
}

func (rd *reader) do(ctx context.Context, c command) error {
	ctx, cancel := context.WithTimeout(ctx, doTimeout)
	defer cancel()
	w := rd.page.find(c.Node)
	if w == nil {
		return fmt.Errorf("%s is not a node of this process", c.Node.Short())
	}
	return w.do(ctx, c)
}

// answer leaves an answer for write. It is bounded by maxUnderWay and by who asks.
func (rd *reader) answer(a answer) {
	rd.mu.Lock()
	if len(rd.answers) < 4*maxUnderWay {
		rd.answers = append(rd.answers, a)
	}
	rd.mu.Unlock()
	rd.nudge()
}

func (rd *reader) nudge() {
	select {
	case rd.wake <- struct{}{}:
	default:
	}
}
