// Package entrance is how newcomers meet their first peer: a server that
// introduces them to members of a room, over WebSocket (RFC 6455).
//
//	// the server, behind TLS
//	server := entrance.NewServer(entrance.ServerConfig{})
//	defer server.Close()
//	http.ListenAndServeTLS(":443", "cert.pem", "key.pem", server)
//
//	// a peer: first be reachable, then look for others
//	door, err := entrance.Open(ctx, node, "wss://example.org", "lobby")
//	defer door.Close()
//	friend, err := entrance.Join(ctx, chat, "wss://example.org", "lobby")
//	if errors.Is(err, entrance.ErrEmptyRoom) {
//		// we are the first; others will find our door
//	}
//
// In that order, peers that start at the same moment find each other: the
// server hears of every door before the last of them joins. Peers that join
// first and open a door afterwards may all find the room empty.
//
// The server passes signals on between a newcomer and one member that keeps a
// door open, both ways, as they come (trickle). It picks the member by chance,
// and another one if that does not answer. It stores who is connected and
// nothing else, and reads nothing of the signals: they are signed from end to
// end, so that a server can drop them but not change them. It is no judge of
// who may be in a room, either: who opens many doors in a room meets many of
// its newcomers. The PeerID that a client says hello with is a hint and not
// proven; it only keeps a peer from being introduced to itself.
//
// # Protocol
//
// Version 1 is the WebSocket subprotocol "n2n.entrance.v1". Each binary
// message is one frame: its kind, one byte, and fields of fixed size, numbers
// in big-endian order. A frame has at most 4096 bytes.
//
//	kind     from  fields
//	1 hello   C    role uint8: 1 keeper of a door, 2 newcomer; peer [32]byte: a hint;
//	               token [16]byte; room: the rest, 1 to 64 bytes of UTF-8
//	2 welcome S
//	3 begin   S    conversation uint32
//	4 signal  both conversation uint32; signal: the rest, 1 to 2048 bytes
//	5 end     both conversation uint32
//	6 moved   S
//	7 refused S    reason uint8 (Reason), retry after uint32 ms
//	8 goaway  S    retry after uint32 ms
//	9 ping    C
//	10 pong   S
//
// A client (C) says hello within 5 s; the server (S) answers with welcome or
// refused. A keeper's token is random and secret: who shows it again takes the
// place of the connection that showed it before, so that a client that lost its
// connection does not compete with its own ghost. Newcomers send zeros.
//
// A newcomer has one conversation, number 0. A keeper has one with each of its
// newcomers, which the server begins under a number that it has not used on that
// connection before; signals of a conversation that is over are dropped. Either
// side says end when it needs the conversation no more. Until the member has sent a signal, the server may
// give the newcomer to another one (because the member was silent for 2 s, said
// end, or left), and tells it so with moved: the newcomer says again what it
// said. Once the member has answered, its end is the newcomer's, too. While all
// doors have as many newcomers as they take, newcomers wait.
//
// After refused, the client closes the connection. After goaway, the server
// begins no conversation and closes when those under way have ended; the client
// comes back after the given time, each at another one. Pong answers ping, which
// lets a client notice a dead server where it cannot see WebSocket's own pings
// (in browsers). A client ignores kinds that it does not know; a server refuses
// them. Close codes: 1008 for who breaks the rules, 1009 for a frame too large,
// 1012 when the server ends, 1013 for who reads too slowly.
//
// # Concurrency
//
// All functions and methods may be called from any goroutine. The server has
// two goroutines for each connection, which end with it, and Close waits for
// them. A door has one, one for its connection, and one for each newcomer; Close
// waits for them. Join leaves nothing.
package entrance
