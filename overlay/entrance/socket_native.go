//go:build !js

package entrance

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

type httpClient = http.Client

// open makes a WebSocket, and gives the HTTP status if there was one.
func (c *Client) open(ctx context.Context, url string) (webSocket, int, error) {
	ws, response, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: c.HTTPClient, Subprotocols: []string{subprotocol}})
	status := 0
	if response != nil {
		status = response.StatusCode
	}
	if err != nil {
		return nil, status, err
	}
	if ws.Subprotocol() != subprotocol {
		ws.CloseNow()
		return nil, status, &RefusedError{Reason: Version}
	}
	ws.SetReadLimit(maxFrame)
	return nativeSocket{ws}, status, nil
}

type nativeSocket struct{ ws *websocket.Conn }

func (s nativeSocket) Read(ctx context.Context) ([]byte, error) {
	_, b, err := s.ws.Read(ctx)
	return b, err
}

func (s nativeSocket) Write(ctx context.Context, b []byte) error {
	return s.ws.Write(ctx, websocket.MessageBinary, b)
}

// Close does not wait for the server: it may be dead.
func (s nativeSocket) Close() { s.ws.CloseNow() }
