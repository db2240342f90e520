// Package overlay makes overlay networks of WebRTC connections whose peers are
// signaling servers for their neighbors: from i – b – a comes i – a, brokered
// by b, which reads nothing and cannot cheat.
//
//	driver, _ := pion.New(pion.Config{})
//	node, _ := overlay.New(overlay.Config{Driver: driver})
//	defer node.Close()
//
//	chat, _ := node.Protocol("chat", overlay.ProtocolConfig{})
//	friend, err := entrance.Join(ctx, chat, "wss://example.org", "lobby") // a server, once
//	err = chat.Connect(ctx, other, friend)                                // a neighbor, from then on
//	err = chat.Send(ctx, other, []byte("hello"))
//	msg, err := chat.Receive(ctx)
//
// A [Node] has one session (one WebRTC connection) with each neighbor. A
// [Protocol] is a named application on it; it counts directed arcs: an arc from
// this node to a peer is in its outview, one from a peer to this node in its
// inview. Protocols share the sessions and know nothing of each other's arcs.
// A session without arcs lingers for a minute, so that a new arc is cheap. An arc
// can be held (Protocol.Hold), and turned round (Protocol.Reverse). Beside messages
// a session carries audio and video, if its drivers do (Protocol.AddTrack).
//
// What a protocol sends are messages, up to 16 MiB each (Protocol.Send,
// Protocol.Receive), and streams, which are a net.Conn each (Protocol.Dial,
// Protocol.Listen). [Delivery] is for protocols that would rather lose a message,
// or have it out of order, than wait for it.
//
// # Flow
//
// Whoever sends waits for whoever takes, and nobody else does. At most 1 MiB of
// messages for each protocol and neighbor is under way that the receiving
// application has not taken, or one message that is larger, and 256 KiB of each
// stream. Protocols take turns on a session packet by packet where both ends'
// SCTP can interleave (RFC 8260), as pion's does, else frame by frame of 16 KiB.
// What a neighbor can make a node hold is, for each protocol, a window of messages
// and one message of MaxMessage bytes, and MaxStreams windows of streams that it
// opened; not more, whatever it claims.
//
// # Concurrency
//
// All methods may be called from any goroutine. Those that take a context wait:
// for the network, for room, or for news; a result that is there wins over a
// context that has ended. Nothing that this package starts outlives Close. The
// package calls no function of its user's but the Driver, and [Protocol.Join]'s
// exchange on the caller's own goroutine.
package overlay
