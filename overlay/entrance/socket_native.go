//go:build !js

package entrance

import "github.com/coder/websocket"

func (c *Client) dialOptions() *websocket.DialOptions {
	return &websocket.DialOptions{HTTPClient: c.HTTPClient, Subprotocols: []string{subprotocol}}
}

// closeSocket does not wait for the server: it may be dead.
func closeSocket(ws *websocket.Conn) { ws.CloseNow() }
