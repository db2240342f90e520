package tcp

// Crash makes the driver as silent as a process that hangs: its connections stay,
// and nothing comes of them any more.
func (d *Driver) Crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.listener.Close()
	for _, s := range d.sessions {
		s.silent.Store(true)
		s.mu.Lock()
		if s.conn == nil {
			s.cancel(errOver)
		}
		s.mu.Unlock()
	}
}
