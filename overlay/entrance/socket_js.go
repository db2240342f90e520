package entrance

import "github.com/coder/websocket"

func (c *Client) dialOptions() *websocket.DialOptions {
	return &websocket.DialOptions{Subprotocols: []string{subprotocol}}
}

// closeSocket uses a code that web pages may use: CloseNow's is not one, and
// would leave the socket open.
func closeSocket(ws *websocket.Conn) { ws.Close(websocket.StatusNormalClosure, "") }
