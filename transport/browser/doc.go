// Package browser is the driver for web pages: WebRTC by the browser that the
// program runs in (GOOS=js GOARCH=wasm). It is a thin binding of
// RTCPeerConnection, and nothing else of WebRTC is in the program.
//
//	key, release, err := browser.LoadKey(ctx, "my-app") // the same peer after a reload
//	driver, err := browser.New(browser.Config{})
//	node, err := overlay.New(overlay.Config{Driver: driver, Key: key})
//
// A session is one RTCPeerConnection, and each channel is a data channel that
// both ends open under the same number (RFC 8831: negotiated out of band). No SDP
// crosses the network: what a connection reads is made from a
// transport.Description, and what it writes becomes one. It runs on a page, since
// workers have no RTCPeerConnection.
//
// # Addresses
//
// A browser shows a page the addresses of the host only if that may use camera or
// microphone; otherwise it shows mDNS names, which are told to peers as they are
// (transport.Candidate.Name). Peers in the same network can resolve them. Without
// a default route a browser may find no candidates at all.
//
// Contacted are addresses of peers, whatever the browser allows of them; never
// ports below 1024, multicast, link-local or unspecified addresses, nor loopback,
// unless the page itself comes from loopback.
//
// # Audio and video
//
// With Config.Media a session carries tracks beside its channels, Opus and VP8:
//
//	sender, err := chat.AddTrack(ctx, peer, browser.Track{Track: track, Stream: stream}) // overlay.Protocol
//	element.Set("srcObject", js.Global().Get("MediaStream").New([]any{browser.RemoteTrack(event.Track)}))
//
// Descriptions of them, too, are no SDP on the network but a transport.Media,
// which says what is sent and nothing of the transport.
//
// # Limits
//
// A channel queues 4 MiB or 65536 messages to send: then transport.ErrBufferFull.
//
// While many large messages come, they wait for each other for up to 4 ms and are
// taken together, which is less work for the page. That needs a page that may make
// functions (Content Security Policy: 'unsafe-eval') and is not hidden.
//
// A browser hands over all messages that arrive; it cannot be told to wait. So
// what the node has not read yet is held here, at most 8 MiB or 65536 messages
// of a session. A peer that sends more loses its session. Between nodes that
// does not happen, since each protocol has at most 1 MiB under way.
//
// Channel numbers end at 1023, messages that the browser takes at 256 KiB (one
// above transport.MaxFrame ends the session), and connections of one page at 500
// (Chromium counts those that were closed and that it has not collected as garbage
// yet; an attempt beyond goes Down). A message on a channel that is not open vanishes: the browser
// does not say that it came.
//
// # Prepared sessions
//
// To make a connection, describe it and find its addresses takes a page several
// milliseconds. So a driver prepares one session to offer and one to answer with:
// 100 ms after it was made or the last one began, or 4 ms after that is up. (What Go
// needs to sign and verify is made before, and 5 s after the start Go's memory is
// collected for the first time: each holds the page up for 20 ms, once.) The
// next Offer or Answer uses it; of several at the same time, one. A page thus has up
// to two connections more than sessions; they hold sockets, and ask
// Config.ICEServers as the others do. What was not used within a minute, or before
// the network changes (the page's events online and offline), ends, and a page that
// rests prepares nothing more.
//
// # How a session ends
//
// What Close, or leaving the page, ends is over at once for the other end. A
// process that dies says nothing: Chromium notices after 15 to 30 seconds, which
// the node does not wait for, since it has a heartbeat.
//
// # Concurrency
//
// A Driver, its sessions and its channels may be used from any goroutine, and no
// method but Driver.Close waits for anything. Callbacks of JavaScript never block.
// A session has one goroutine, prepared or not, and one more for each channel while
// that has messages to handle; all end with the session. Handlers are called from
// these. All of them share one thread with the page: what computes for long holds
// it up.
package browser
