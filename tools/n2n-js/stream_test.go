package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/chrome/chrometest"
	"github.com/n2n-overlay/n2n/tools/n2n-js/build"
)

// twoStreams has two nodes of one page send each other camera and microphone at
// once, play what comes, and close; a third one without media refuses.
const twoStreams = `(async () => {
	const { Node, TrackEvent } = await import('/n2n.js');
	const until = async f => { while (!await f()) await new Promise(r => setTimeout(r, 20)); };
	const all = [await Node.create({ media: true }), await Node.create({ media: true }), await Node.create()];
	const chats = all.map(n => n.protocol('chat'));
	const added = [[], [], []], ended = [[], [], []];
	chats.forEach((c, i) => {
		c.addEventListener('trackadded', e => added[i].push(e));
		c.addEventListener('trackended', e => ended[i].push(e));
	});
	await chats[0].join(offer => all[1].admit(offer));
	await chats[0].join(offer => all[2].admit(offer));
	const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
	const sendings = await Promise.all([chats[0].stream(all[1].id, media), chats[1].stream(all[0].id, media)]);
	await until(() => added[0].length === 2 && added[1].length === 2);
	for (const i of [0, 1]) {
		for (const e of added[i]) {
			if (!(e instanceof TrackEvent) || e.peer !== all[1 - i].id || e.stream !== media.id || !e.id) throw new Error('event ' + JSON.stringify([e.peer, e.id, e.stream]));
		}
		const video = document.createElement('video');
		video.muted = true;
		video.srcObject = new MediaStream(added[i].map(e => e.track));
		document.body.append(video);
		await video.play();
		await until(() => video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames >= 10);
	}
	let refused = 'not refused';
	try { await chats[0].stream(all[2].id, media.getAudioTracks()[0]); } catch (err) { refused = err.code; }
	let wrong = 'not refused';
	try { await chats[0].stream(all[1].id, 'a string'); } catch (err) { wrong = err.message; }
	await sendings[0].close();
	await sendings[0].ended;
	await until(() => ended[1].length === 2);
	await chats[1].close(); // its arcs end, and with them the other stream
	await sendings[1].ended;
	await until(() => ended[0].length === 2);
	const bugs = all.map(n => n.stats()).reduce((n, s) => n + s.bugs + s.violations + s.malformed, 0);
	await Promise.all(all.map(n => n.close()));
	return [refused, wrong.includes('want a MediaStreamTrack'), bugs].join();
})()`

func TestStream(t *testing.T) {
	b := chrometest.Start(t, chrome.Config{})
	dir := t.TempDir()
	if _, err := build.Build(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!doctype html><title>test</title><body>"))
	})
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tab, err := b.Open(server.URL + "/page")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := chrome.Eval[string](ctx, tab, twoStreams)
	if want := "no-media,true,0"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}
