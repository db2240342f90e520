// Package e2e holds the tests that connect real browsers with each other and with
// native peers. The pages run tab, a node in WebAssembly without any JavaScript
// face; kit_test.go starts what a test needs.
//
//	w := newWorld(t, chrome.Config{})
//	broker := w.native()
//	a, b := w.tab(""), w.tab("")
//	a.join(broker)
//	b.join(broker)
//	a.connect(b.id, broker.id)
package e2e
