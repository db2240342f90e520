package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/n2n-overlay/n2n/tools/n2n-js/build"
)

// The folder is an npm package: npm packs it, its tarball installs, and a module
// can import it by name. With tsc in the PATH, its types are checked, too.
func TestPackage(t *testing.T) {
	npm, err := exec.LookPath("npm")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("no npm: CI has Node with npm")
	case err != nil:
		t.Skip("skipped: no npm, which Node.js brings")
	}
	pack, install := t.TempDir(), t.TempDir()
	shell := func(dir, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	shell(folder, npm, "pack", "--silent", "--pack-destination", pack)
	tarballs, err := filepath.Glob(filepath.Join(pack, "n2n-*.tgz"))
	if err != nil || len(tarballs) != 1 {
		t.Fatalf("tarballs %v, %v", tarballs, err)
	}
	write(t, filepath.Join(install, "package.json"), `{"type": "module"}`)
	shell(install, npm, "install", "--offline", "--silent", "--no-audit", "--no-fund", tarballs[0])
	for _, name := range []string{"n2n.js", "n2n.d.ts", "n2n.wasm", "wasm_exec.js", "README.md", "example.html", "LICENSE", "LICENSE.go.txt"} {
		if _, err := os.Stat(filepath.Join(install, "node_modules", "n2n", name)); err != nil {
			t.Error(err)
		}
	}
	write(t, filepath.Join(install, "use.mjs"), `import * as n2n from 'n2n'; console.log(Object.keys(n2n).sort().join())`)
	if out := shell(install, "node", "use.mjs"); strings.TrimSpace(out) != "ArcEvent,ConnectError,N2NError,Node,Protocol,TrackEvent,load" {
		t.Errorf("exports %s", out)
	}
	if tsc, err := exec.LookPath("tsc"); err == nil {
		write(t, filepath.Join(install, "use.ts"), program)
		shell(install, tsc, "--noEmit", "--strict", "--target", "es2022", "--lib", "es2023,dom,dom.iterable", "--module", "nodenext", "--moduleResolution", "nodenext", "use.ts")
	} else if os.Getenv("CI") == "true" {
		t.Error("no tsc: npm install -g typescript")
	} else {
		t.Log("no tsc (npm install -g typescript): the types were not checked")
	}
}

// program uses everything in the types, as they are to be used.
const program = `
import { Node, Protocol, ConnectError, N2NError, ArcEvent, load, type PeerID, type Message, type Door } from 'n2n';

await load(new URL('n2n.wasm', 'https://example.org'));
const node: Node = await Node.create({ network: 'app', key: 'app', iceServers: [{ urls: 'stun:example.org' }], trace: true });
const chat: Protocol = node.protocol('chat', { maxMessage: 1000 });
chat.addEventListener('arcopened', e => { const via: PeerID[] = e.via; console.log(e.direction === 'in', via, e instanceof ArcEvent) });
node.addEventListener('step', e => console.log(e.machine, e.from, e.to));
const door: Door = await node.open({ entrance: 'wss://example.org', room: 'lobby' });
const friend: PeerID = await chat.join({ entrance: 'wss://example.org', room: 'lobby' }, { signal: AbortSignal.timeout(1000) });
await chat.join(async offer => node.admit(offer));
try {
	await chat.connect(friend, { via: [friend] });
} catch (err) {
	if (err instanceof ConnectError && err.code === 'broker-lost') console.log(err.peer, err.via, err.state);
	else if (err instanceof N2NError) console.log(err.code satisfies string);
}
const release: () => void = await chat.hold(friend);
release();
await chat.reverse(friend);
await chat.send(friend, new Uint8Array(3));
await chat.introduce(friend, friend);
await chat.invite(friend);
await chat.disconnect(friend);
for await (const m of chat.messages()) { const x: Message = m; console.log(x.from, x.text()) }
const out: Map<PeerID, number> = chat.outview();
console.log(out, chat.inview(), node.neighbors()[0]?.rtt, node.machines()[0]?.state, node.stats().bugs, door.error?.code);
await door.close();
await node.leave();
`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The sizes are those of the files.
func TestSizes(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--o", dir, "--json"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var sizes build.Sizes
	if err := json.Unmarshal(stdout.Bytes(), &sizes); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"n2n.wasm": sizes.Wasm, "n2n.wasm.gz": sizes.Gzip} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() != int64(size) {
			t.Errorf("%s: %v, %v; want %d bytes", name, info, err, size)
		}
	}
	// What a page has to load must not grow by chance: net/http alone is a third.
	if sizes.Gzip > 1_750_000 {
		t.Errorf("n2n.wasm has %d bytes gzipped: what came into it?", sizes.Gzip)
	}
	b, err := os.ReadFile(filepath.Join(dir, "n2n.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("n2n/overlay.")) {
		t.Error("n2n.wasm does not name its functions: what follows sees nothing")
	}
	for _, name := range []string{"net/http", "crypto/tls", "github.com/pion", "github.com/looplab"} {
		if bytes.Contains(b, []byte(name+".")) {
			t.Errorf("%s is in n2n.wasm", name)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, x := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-h"}, 0, "usage: n2n-js"}, {[]string{"--nothing"}, 2, "not defined"}, {[]string{"more"}, 2, `unexpected argument "more"`},
		{[]string{"--o", "/dev/null/x", "--json"}, 1, "n2n-js: "},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), x.args, &stdout, &stderr)
		if said := stdout.String() + stderr.String(); code != x.code || !strings.Contains(said, x.want) {
			t.Errorf("%v: exit code %d, %q; want %d, %q", x.args, code, said, x.code, x.want)
		}
	}
}
