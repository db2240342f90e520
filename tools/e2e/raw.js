// What a few lines of RTCPeerConnection do, to compare with.

// rawPeer connects signalling with a connection; send takes what the other end's
// returned function is to be called with.
function rawPeer(send, offers, opened) {
	const pc = new RTCPeerConnection();
	const dc = pc.createDataChannel("", {negotiated: true, id: 0});
	dc.binaryType = "arraybuffer";
	dc.onopen = () => opened(dc);
	pc.onicecandidate = (e) => send({candidate: e.candidate ? e.candidate.toJSON() : null});
	const early = [];
	const offer = async () => {
		await pc.setLocalDescription();
		send({description: pc.localDescription.toJSON()});
	};
	if (offers) offer();
	return {pc, dc, async take(m) {
		if (m.description) {
			await pc.setRemoteDescription(m.description);
			for (const c of early.splice(0)) pc.addIceCandidate(c);
			if (m.description.type === "offer") await offer();
		} else if (!m.candidate) {
			return;
		} else if (pc.remoteDescription) {
			pc.addIceCandidate(m.candidate);
		} else {
			early.push(m.candidate);
		}
	}};
}

// rawAnswer answers each offer that comes over a WebSocket, for good.
async function rawAnswer(url) {
	const ws = new WebSocket(url);
	await new Promise((r) => { ws.onopen = r; });
	let peer;
	ws.onmessage = (e) => {
		const m = JSON.parse(e.data);
		if (m.description) {
			peer?.pc.close();
			peer = rawPeer((m) => ws.send(JSON.stringify(m)), false, () => {});
			rawReceive(peer.dc);
		}
		peer.take(m);
	};
}

// rawOpen connects with who is at the other end of a WebSocket, and gives the
// milliseconds until the channel was open here, and until a message has gone there
// and back: a channel that is open at one end is of no use yet.
async function rawOpen(url, keep) {
	const ws = new WebSocket(url);
	await new Promise((r) => { ws.onopen = r; });
	const start = performance.now();
	let peer;
	await new Promise((opened) => {
		peer = rawPeer((m) => ws.send(JSON.stringify(m)), true, opened);
		ws.onmessage = (e) => peer.take(JSON.parse(e.data));
	});
	const open = performance.now() - start;
	await new Promise((echo) => {
		peer.dc.onmessage = echo;
		peer.dc.send("echo");
	});
	const usable = performance.now() - start;
	if (keep) {
		globalThis.rawKept = peer;
		rawReceive(peer.dc);
	} else {
		peer.pc.close();
		ws.close();
	}
	return [open, usable];
}

// rawReceive counts what arrives. rawReceived gives the milliseconds from the first
// message until so many bytes were there.
function rawReceive(dc) {
	let first = 0, bytes = 0, want = Infinity, done;
	dc.onmessage = (e) => {
		if (typeof e.data === "string") return dc.send(e.data);
		if (!first) first = performance.now();
		bytes += e.data.byteLength;
		if (bytes >= want) {
			done(performance.now() - first);
			first = bytes = 0;
			want = Infinity;
		}
	};
	globalThis.rawReceived = (n) => new Promise((resolve) => {
		want = n;
		done = resolve;
		if (bytes >= n) { // all are there
			done(performance.now() - first);
			first = bytes = 0;
			want = Infinity;
		}
	});
}

// rawSend sends so many bytes in messages of one size, with at most 1 MiB queued.
async function rawSend(peer, total, size) {
	const {dc} = peer, p = new Uint8Array(size);
	dc.bufferedAmountLowThreshold = 1 << 19;
	for (let sent = 0; sent < total; sent += size) {
		if (dc.bufferedAmount > 1 << 20) await new Promise((r) => { dc.onbufferedamountlow = r; });
		dc.send(p);
	}
}
