package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/n2n-overlay/n2n/tools/chrome"
	"github.com/n2n-overlay/n2n/tools/chrome/chrometest"
	"github.com/n2n-overlay/n2n/tools/firefox"
	"github.com/n2n-overlay/n2n/tools/firefox/firefoxtest"
)

// compiling is how long a tab may wait for its peer, which Go compiles when the
// first one asks.
const compiling = 5 * time.Minute

// page is a live page that is open in a browser.
type page struct {
	*chrome.Tab
	t *testing.T
}

// consoles collects what pages complain about.
type consoles struct {
	mu   sync.Mutex
	said []string
}

func (c *consoles) add(_ *chrome.Tab, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, text)
}

func (c *consoles) wantSilence(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.said {
		t.Errorf("on the console: %s", s)
	}
}

func openPage(t *testing.T, b *chrome.Browser, url string) *page {
	t.Helper()
	tab, err := b.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	p := &page{tab, t}
	if err := chromedp.Do(tab.Context(), chromedp.EmulateViewport(1280, 1400)); err != nil {
		t.Fatal(err)
	}
	return p
}

// eval gives the value of an expression in the page.
func eval[T any](p *page, js string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	v, err := chrome.Eval[T](ctx, p.Tab, js)
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits in the page until a condition holds.
func (p *page) until(condition string, limit time.Duration) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), limit)
	defer cancel()
	wait := `(async () => { while (!(` + condition + `)) await new Promise(r => setTimeout(r, 20)); return true })()`
	if _, err := chrome.Eval[bool](ctx, p.Tab, wait); err != nil {
		seen, _ := chrome.Eval[string](p.t.Context(), p.Tab, `['#line', '#notice', '#outcome', '#figures', '#log'].map(s => s + ': ' + document.querySelector(s).textContent).join('\n')`)
		p.t.Fatalf("%s does not come to hold: %v\n%s", condition, err, seen)
	}
}

// still waits until the peers of the picture have found their places.
func (p *page) still() {
	p.t.Helper()
	p.until(`await (async () => {
		const at = () => [...document.querySelectorAll('.peer')].map(g => g.getAttribute('transform')).join();
		const before = at();
		await new Promise(r => setTimeout(r, 200));
		return before === at();
	})()`, patience)
}

// click clicks on the middle of an element with the mouse.
func (p *page) click(selector string) {
	p.t.Helper()
	at := eval[[]float64](p, `(() => {
		const e = document.querySelector(`+"`"+selector+"`"+`);
		e.scrollIntoView({ block: 'center' });
		const { left, top, width, height } = e.getBoundingClientRect();
		return [left + width / 2, top + height / 2];
	})()`)
	if err := chromedp.Do(p.Context(), chromedp.MouseClickXY(at[0], at[1])); err != nil {
		p.t.Fatalf("click on %s: %v", selector, err)
	}
}

func (p *page) key(key string) {
	p.t.Helper()
	if err := chromedp.Do(p.Context(), chromedp.KeyEvent(key)); err != nil {
		p.t.Fatal(err)
	}
}

// choose sets a select, as a user does.
func (p *page) choose(selector, value string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(() => { const s = document.querySelector(%q); s.value = %q; s.dispatchEvent(new Event('change', { bubbles: true })); return true })()`, selector, value))
}

// done waits until what was clicked has ended, and wants it to have ended well.
func (p *page) done() {
	p.t.Helper()
	p.until(`!/…$|^$/.test(document.querySelector('#outcome').textContent)`, patience)
	if said := eval[string](p, `document.querySelector('#outcome').textContent`); !strings.Contains(said, "done in") {
		p.t.Fatalf("outcome: %s", said)
	}
}

// figure gives one of the figures in the page's head.
func (p *page) figure(name string) int {
	p.t.Helper()
	return eval[int](p, `Number(document.querySelector('[data-figure="`+name+`"] dd').textContent)`)
}

// id gives the id of a peer by its name in the table.
func (p *page) id(name string) string {
	p.t.Helper()
	return eval[string](p, `[...document.querySelectorAll('#rows tr')].find(r => r.querySelector('button').textContent === '`+name+`').dataset.id`)
}

// stranger gives a peer to which a peer has no arc.
func (p *page) stranger(from string) string {
	p.t.Helper()
	return eval[string](p, `[...document.querySelectorAll('.peer')].map(g => g.dataset.id).find(id => id !== '`+from+`' && !document.querySelector('[data-arc="`+from+` ' + id + '"]'))`)
}

// wantLocal checks that everything came from the page's own server.
func (p *page) wantLocal() {
	p.t.Helper()
	list := eval[[]string](p, `performance.getEntriesByType('resource').map(e => e.name).filter(n => new URL(n).host !== location.host)`)
	if len(list) > 0 {
		p.t.Errorf("loaded from elsewhere: %v", list)
	}
	if n := eval[int](p, `performance.getEntriesByType('resource').length`); n < 8 {
		p.t.Errorf("%d resources seen, want all of the page's", n)
	}
}

// picture takes a picture of the network, and gives how many colors it has and how
// bright it is.
func (p *page) picture() (colors int, light float64) {
	p.t.Helper()
	b, err := chromedp.Run(p.Context(), chromedp.Screenshot("#network"))
	if err != nil {
		p.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	return look(img)
}

func look(img image.Image) (colors int, light float64) {
	seen := map[[3]uint32]bool{}
	box, sum := img.Bounds(), 0.0
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r >> 12, g >> 12, b >> 12}] = true
			sum += float64(r+g+b) / 3 / 0xffff
		}
	}
	return len(seen), sum / float64(box.Dx()*box.Dy())
}

// The page of the demo, in a real browser: it shows the network, has it do what
// is clicked, and its tab becomes a peer.
func TestDemoPage(t *testing.T) {
	chrometest.Require(t)
	var said consoles
	b := chrometest.Start(t, chrome.Config{Console: said.add})
	demo := launch(t, "demo", "--serve", "127.0.0.1:0", "--peers", "6", "--arcs", "2", "--seed", "11")
	url := demo.stderr.wait(t, `the network stays, and tabs may join it, at (http://\S+)`)[1]
	demo.stdout.wait(t, `12 of 12 open, both ends of each agree`)
	p := openPage(t, b, url)
	p.until(`document.querySelectorAll('.peer.node').length === 6 && document.querySelector('[data-figure=arcs] dd').textContent === '12'`, patience)
	p.still()

	// Two clicks, and Connect: over the fewest brokers, or on the session there is.
	from := p.id("node 0")
	to := p.stranger(from)
	p.click(`.peer[data-id="` + from + `"]`)
	p.click(`.peer[data-id="` + to + `"]`)
	p.until(`document.querySelector('#from').value === '`+from+`' && document.querySelector('#to').value === '`+to+`'`, patience)
	p.click("#connect")
	p.done()
	p.until(`document.querySelector('[data-arc="`+from+" "+to+`"]')`, patience)

	// What is said over it shows.
	p.click("#text")
	if err := chromedp.Do(p.Context(), chromedp.SendKeys("#text", "hello <b>there</b>"+kb.Enter)); err != nil {
		t.Fatal(err)
	}
	p.until(`[...document.querySelectorAll('#log q')].some(q => q.textContent === 'hello <b>there</b>')`, patience)

	// The machines of the chosen peer, live.
	p.until(`document.querySelector('#chart [data-state=Open].lit') && document.querySelectorAll('#steps li').length > 5`, patience)
	p.click(`#kinds label:has([value=session])`)
	p.until(`document.querySelector('#chart [data-state=Living].lit')`, patience)

	// The keyboard: Escape lets go, Enter chooses, arrows go.
	p.key(kb.Escape)
	p.until(`document.querySelector('#from').value === ''`, patience)
	eval[bool](p, `(document.querySelector('.peer[tabindex="0"]').focus(), true)`)
	p.key(kb.Enter)
	p.until(`document.querySelector('#from').value === document.activeElement.dataset.id`, patience)
	p.key(kb.ArrowLeft)
	p.key(kb.ArrowRight)
	p.until(`document.querySelector('#to').value === '' && document.activeElement.matches('.peer')`, patience)
	p.key(kb.Escape)

	p.introduce()
	p.joins()
	p.reverses()
	p.looks()
	p.wantLocal()
	said.wantSilence(t)
	demo.interrupt()
	if code := demo.exit(t); code != 0 {
		t.Errorf("exit code %d: %s", code, demo.stderr)
	}
}

// The same page in Firefox, with its own settings: the picture is there, and a tab
// becomes a peer that connects over a broker.
func TestDemoPageInFirefox(t *testing.T) {
	b := firefoxtest.Start(t, firefox.Config{HideAddresses: true})
	demo := launch(t, "demo", "--serve", "127.0.0.1:0", "--peers", "6", "--arcs", "2", "--seed", "11")
	url := demo.stderr.wait(t, `the network stays, and tabs may join it, at (http://\S+)`)[1]
	demo.stdout.wait(t, `12 of 12 open, both ends of each agree`)
	ctx, cancel := context.WithTimeout(t.Context(), compiling)
	defer cancel()
	tab, err := b.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	run := func(js string) string {
		t.Helper()
		v, err := firefox.Eval[string](ctx, tab, js)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	until := func(condition string) {
		t.Helper()
		run(`(async () => { while (!(` + condition + `)) await new Promise(r => setTimeout(r, 20)); return '' })()`)
	}
	until(`document.querySelectorAll('.peer.node').length === 6 && document.querySelectorAll('[data-arc]').length > 0`)
	run(`(document.querySelector('#join').click(), '')`)
	until(`/ peer/.test(document.querySelector('#notice').textContent) && !/compiled/.test(document.querySelector('#notice').textContent)`)
	if said := run(`document.querySelector('#notice').textContent`); !strings.Contains(said, "let it in") {
		t.Fatalf("the tab: %s", said)
	}
	run(`(async () => { // as soon as the tab and its arcs are in the picture
		const set = (id, v) => { const s = document.querySelector(id); s.value = v; s.dispatchEvent(new Event('change', { bubbles: true })) };
		for (;; await new Promise(r => setTimeout(r, 20))) {
			const self = document.querySelector('.peer.self');
			if (!self) continue;
			set('#from', self.dataset.id);
			for (const { value } of document.querySelectorAll('#to option')) {
				set('#to', value);
				if (!value || !document.querySelector('#via').value || document.querySelector('#connect').disabled) continue;
				document.querySelector('#connect').click();
				return '';
			}
		}
	})()`)
	until(`document.querySelector('.arc.how-broker.touched, .arc.how-path.touched')`)
}

// introduce has a node introduce two others that it has sessions with.
func (p *page) introduce() {
	p.t.Helper()
	arcs := p.figure("arcs")
	found := eval[bool](p, `(async () => {
		const set = (id, v) => { const s = document.querySelector(id); s.value = v; s.dispatchEvent(new Event('change', { bubbles: true })) };
		const ids = [...document.querySelectorAll('#rows tr')].map(r => r.dataset.id);
		for (const from of ids) for (const to of ids) {
			if (from === to || document.querySelector('[data-arc="' + from + ' ' + to + '"]')) continue;
			set('#from', from); set('#to', to);
			const broker = [...document.querySelectorAll('#via option')].find(o => /^[a-z2-7]{52}$/.test(o.value));
			if (!broker) continue;
			set('#via', broker.value);
			return !document.querySelector('#introduce').disabled;
		}
		return false;
	})()`)
	if !found {
		p.t.Fatal("no two peers could be introduced")
	}
	p.click("#introduce")
	p.done()
	p.until(fmt.Sprintf(`Number(document.querySelector('[data-figure=arcs] dd').textContent) === %d`, arcs+1), patience)
}

// joins makes the tab a peer, which connects over brokers.
func (p *page) joins() {
	p.t.Helper()
	p.click("#join")
	p.until(`/ is a peer/.test(document.querySelector('#notice').textContent)`, compiling)
	if said := eval[string](p, `document.querySelector('#notice').textContent`); !strings.Contains(said, "let it in") {
		p.t.Fatalf("the tab: %s", said)
	}
	p.until(`document.querySelector('.peer.self') && document.querySelectorAll('.peer').length === 7`, patience)
	self := p.id("this tab")
	p.choose("#from", self)
	to := eval[string](p, `[...document.querySelectorAll('#to option')].map(o => o.value).find(to => {
		const s = document.querySelector('#to'); s.value = to; s.dispatchEvent(new Event('change', { bubbles: true }));
		return to && document.querySelector('#via').value !== '' && !document.querySelector('#connect').disabled;
	})`)
	p.click("#connect")
	p.done()
	p.until(`document.querySelector('[data-arc="`+self+" "+to+`"]:is(.how-broker, .how-path)')`, patience)
	p.until(`document.querySelector('#machines-title').textContent.endsWith('this tab') && document.querySelectorAll('#steps li').length > 3`, patience)
}

// reverses turns an arc of the tab's round, and ends one.
func (p *page) reverses() {
	p.t.Helper()
	self, to := eval[string](p, `document.querySelector('#from').value`), eval[string](p, `document.querySelector('#to').value`)
	p.click("#reverse")
	p.done()
	p.until(`!document.querySelector('[data-arc="`+self+" "+to+`"]') && document.querySelector('[data-arc="`+to+" "+self+`"]')`, patience)
	p.choose("#from", to)
	p.choose("#to", self)
	p.click("#disconnect")
	p.done()
	p.until(`!document.querySelector('[data-arc="`+to+" "+self+`"]')`, patience)
}

// looks checks the picture, in light and dark, and the width of a phone.
func (p *page) looks() {
	p.t.Helper()
	scheme := func(name string) {
		if _, err := chromedp.Call(p.Context(), emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		}); err != nil {
			p.t.Fatal(err)
		}
	}
	scheme("light")
	colors, light := p.picture()
	scheme("dark")
	dark, night := p.picture()
	if colors < 20 || dark < 20 {
		p.t.Errorf("the picture has %d colors, and %d in the dark: nothing is drawn", colors, dark)
	}
	if light < 0.8 || night > 0.3 {
		p.t.Errorf("brightness %.2f in the light, %.2f in the dark", light, night)
	}
	for _, width := range []int64{390, 320} {
		if err := chromedp.Do(p.Context(), chromedp.EmulateViewport(width, 844)); err != nil {
			p.t.Fatal(err)
		}
		p.until(fmt.Sprintf(`innerWidth === %d && document.querySelector('#graph').getBoundingClientRect().width <= %[1]d`, width), patience)
		if w := eval[int](p, `document.documentElement.scrollWidth`); w > int(width) {
			p.t.Errorf("on a page %d wide, %d are needed", width, w)
		}
	}
}

// The page of an entrance: nobody is to be seen until the tab is a peer, which
// speaks with who came by n2n join.
func TestEntrancePage(t *testing.T) {
	chrometest.Require(t)
	var said consoles
	b := chrometest.Start(t, chrome.Config{Console: said.add})
	e := launch(t, "entrance", "--listen", "127.0.0.1:0")
	url := e.stdout.wait(t, `or in a browser: (http://\S+)`)[1]
	ann := launch(t, "join", "--entrance", "ws"+strings.TrimPrefix(url, "http"), "--room", "tea", "--name", "ann")
	ann.stdout.wait(t, `your door is open`)
	p := openPage(t, b, url+"/?room=tea")
	p.until(`!document.querySelector('#empty').hidden && /members of tea\s*1/.test(document.querySelector('#entrance-figures').textContent)`, patience)
	p.click("#join")
	p.until(`/let it in/.test(document.querySelector('#notice').textContent)`, compiling)
	p.until(`document.querySelector('#rows').textContent.includes('ann')`, patience)

	self, to := p.id("this tab"), p.id("ann")
	p.choose("#from", self)
	p.choose("#to", to)
	p.click("#text")
	if err := chromedp.Do(p.Context(), chromedp.SendKeys("#text", "good morning"+kb.Enter)); err != nil {
		t.Fatal(err)
	}
	ann.stdout.wait(t, `tab-\w{4} \(\w{8}\): good morning`)
	ann.typeLine(t, "and to you")
	p.until(`[...document.querySelectorAll('#log q')].some(q => q.textContent === 'and to you')`, patience)

	// A third one is seen through the one who knows it, and introduced.
	bob := launch(t, "join", "--entrance", "ws"+strings.TrimPrefix(url, "http"), "--room", "tea", "--name", "bob")
	bob.stdout.wait(t, `through the entrance`)
	p.until(`document.querySelector('#rows').textContent.includes('bob')`, patience)
	p.wantLocal()
	said.wantSilence(t)
}
