// Package pion is the native driver: WebRTC over UDP with the packages of pion, for
// servers and desktops, and to talk with browsers.
//
// A [Driver] has one UDP socket for each IP version and one DTLS certificate,
// shared by all its sessions. In a session ICE finds a path (RFC 8445), DTLS 1.2
// proves the fingerprint that the peer signed (RFC 8827), SCTP carries messages
// (RFC 8831), and each channel is a data channel that both ends open under the same
// number. No SDP crosses the network, but a transport.Description.
//
// A session without media is made of pion/ice, pion/dtls and pion/sctp themselves:
// it opens faster than a webrtc.PeerConnection (BenchmarkOpen), and holds less. With
// Config.Media it is a PeerConnection; the two can talk to each other.
//
//	d, err := pion.New(pion.Config{ICEServers: []pion.ICEServer{{URLs: []string{"stun:stun.example.org"}}}})
//	if err != nil {
//		return err
//	}
//	defer d.Close()
//	s, err := d.Offer(id, handler)
//
// # Addresses
//
// Told to peers: with a ListenAddr that names an address, that address only;
// else the addresses of all interfaces that are up and pass Config.Interfaces,
// but no loopback, link-local or multicast ones; with ICE servers also the
// address that a STUN server sees, and TURN relays; at most
// transport.MaxCandidates in all. With RelayOnly relays only.
//
// Contacted: public and private addresses of peers, so that two hosts of one
// LAN find each other. Never contacted: loopback (unless the socket itself is
// bound to loopback, which then reaches nothing else), unspecified, multicast,
// broadcast and link-local addresses, ports below 1024, and what Config.Remote
// refuses. Connectivity checks that come from there are not answered either.
//
// A peer may hide an address behind an mDNS name, as browsers do. The first name
// that comes opens a resolver, one for all sessions of the driver: two sockets at
// the port of mDNS, which see the mDNS traffic of the network. A name is asked for
// during 5 s at most, 64 names at the same time; what it stands for is contacted
// under the rules above. Where nobody answers, the peer is in another network, and
// only server-reflexive and relayed candidates can reach it; if none does, the
// reason of Down says so.
//
// The sockets find out about new interfaces within 5 s; sessions that are open
// stay on the path that they have.
//
// # Several sessions with one peer
//
// DTLS 1.2 does not tell which of two sessions between the same two sockets a
// packet is for. So an answerer that has a session with one of the offer's
// addresses opens further sockets for the new one. Where two ends offer to each
// other at once and both answer, neither sees it coming: the session that spoke
// last gets the packets, and the other hears nothing. A node keeps one of the
// two only, and so does no harm.
//
// # Audio and video
//
// With Config.Media a session carries tracks beside its channels: Opus and VP8, in
// at most transport.MaxSections sections of one track each way.
//
//	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "camera", "me")
//	sender, err := chat.AddTrack(ctx, peer, track) // overlay.Protocol; then write to track
//
//	remote := pion.RemoteTrack(event.Track)        // of an overlay.TrackAdded
//	packet, _, err := remote.ReadRTP()             // io.EOF when the track has ended
//
// Tracks come and go by offers and answers of a session that is open. These, too,
// are no SDP on the network but a transport.Media, which says what is sent and
// nothing of the transport: fingerprint, ICE credentials and addresses stay those
// that the session began with, whatever a peer says.
//
// Lost video packets are sent again when the receiver asks (RFC 4585); sender and
// receiver reports are exchanged (RFC 3550), and those for the sender's congestion
// control, which pion itself has not: the application decides how much it sends. A
// decoder that needs a whole picture asks with Report, and the sender hears of it
// by Track.RTCP.
//
// # Limits
//
// What this end queues is bounded by transport.ErrBufferFull: 4 MiB or 65536
// messages for each channel. What a peer can make a driver hold: 8 addresses
// and one message of transport.MaxFrame for each channel and session, 2048
// packets that wait for its ICE agent, as many for DTLS (64 until there is a path),
// and 896 KiB of data that was received and not read, to which pion adds about 300
// bytes for each message. Pion bounds neither the number of those messages, nor the
// source addresses from which a peer with the right password sends checks.
//
// With Config.Media, each SSRC that a peer uses holds at most 256 KiB of RTP that
// was not read (16 KiB beyond 32 SSRCs), and 16 KiB of RTCP; more is dropped. More
// than 512 at a time cost a peer its session.
//
// Linux caps the socket buffers at net.core.rmem_max and wmem_max; throughput
// rises about twofold when both allow 4 MiB. Full packets to one address are handed
// to it together (UDP_SEGMENT, since 4.18), which saves an eighth of the processor
// time; where its device or path does not do that, they go one by one.
//
// # Unordered and unreliable channels
//
// Each end sends on a channel as its own config says, whoever the peer is. A
// MaxLifetime becomes a number of retransmissions, one and another for each second:
// pion/sctp v1.12.0 counts a lifetime anew with each transmission, so it never ends.
// A message may thus be sent again a second after its time.
//
// With Config.Media it is otherwise. Pion v4.2.26 tells a negotiated data channel's
// SCTP stream nothing of Unordered, MaxRetransmits and MaxLifetime; that happens only
// with DCEP (RFC 8832). So two drivers with media open such a channel with DCEP: the
// initiator's config counts for both directions, and the channel is open at the
// answerer when its own Channel was called and the initiator's has been, half a round
// trip later. Until DCEP's answer has come, what the initiator sends is reliable and
// ordered. To any other peer, a browser above all, a driver with media sends reliably
// and in order whatever the config says, which keeps every promise but that of not
// waiting. So it does with a Config.Certificate that this package has not made, since
// the certificates tell the drivers of each other. A channel that delivers more than
// it was asked to is logged at level info.
//
// # What pion leaves out
//
// An ICE agent repeats its checks each 200 ms; DTLS doubles its 100 ms with each try.
// With Config.Media the end of a session that the peer closed takes 400 ms in the
// background, which Driver.Close waits for.
//
// # Concurrency
//
// A Driver, its sessions and its channels may be used from any goroutine, and no
// method but Driver.Close waits for anything. A socket has two goroutines. A
// session has one of its own beside those of pion, another until it is open, a few
// more while it asks ICE servers, and one for each channel that is open; all end with
// the session. Handlers are called from these. A handler that does not return holds
// up Driver.Close, so it must not wait for whoever calls that.
package pion
