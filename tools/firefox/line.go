package firefox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// maxAnswer bounds what Firefox may answer at once, in bytes.
const maxAnswer = 64 << 20

var errHungUp = errors.New("the browser has gone")

// line carries commands to a browser and brings back what they gave (W3C WebDriver
// BiDi section 3, https://www.w3.org/TR/webdriver-bidi/).
type line struct {
	conn    *websocket.Conn
	console func(string)
	ended   chan struct{} // closed when nothing more is read

	mu      sync.Mutex
	last    int // number of a command
	waiting map[int]chan answer
}

// answer is what comes from the browser: the result of a command, its failure, or
// an event.
type answer struct {
	Type    string          `json:"type"`
	ID      int             `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	Params  struct {
		Level string `json:"level"`
		Text  string `json:"text"`
	} `json:"params"`
}

func dial(ctx context.Context, url string, console func(string)) (*line, error) {
	conn, _, err := websocket.Dial(ctx, url+"/session", nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(maxAnswer)
	l := &line{conn: conn, console: console, ended: make(chan struct{}), waiting: map[int]chan answer{}}
	go l.read()
	return l, nil
}

// read ends with the connection.
func (l *line) read() {
	defer close(l.ended)
	for {
		var a answer
		if wsjson.Read(context.Background(), l.conn, &a) != nil {
			return
		}
		if a.Type == "event" {
			if l.console != nil {
				l.console(a.Params.Level + ": " + a.Params.Text)
			}
			continue
		}
		l.mu.Lock()
		back := l.waiting[a.ID]
		delete(l.waiting, a.ID)
		l.mu.Unlock()
		if back != nil {
			back <- a
		}
	}
}

// call gives the browser a command and waits for its result.
func (l *line) call(ctx context.Context, method string, params, result any) error {
	back := make(chan answer, 1)
	l.mu.Lock()
	l.last++
	id := l.last
	l.waiting[id] = back
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.waiting, id)
	}()
	// Without ctx: the end of a write's context would close the connection.
	if err := wsjson.Write(context.Background(), l.conn, map[string]any{"id": id, "method": method, "params": params}); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a := <-back:
		switch {
		case a.Type != "success":
			return fmt.Errorf("%s: %s: %s", method, a.Error, a.Message)
		case result != nil:
			return json.Unmarshal(a.Result, result)
		}
		return nil
	case <-l.ended:
		return fmt.Errorf("%s: %w", method, errHungUp)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *line) close() {
	_ = l.conn.CloseNow()
	<-l.ended
}
