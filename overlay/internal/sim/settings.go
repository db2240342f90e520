package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/n2n-overlay/n2n/overlay/internal/core"
	"github.com/n2n-overlay/n2n/spec/chart"
)

// setting is one of a peer's, as traces name it.
type setting struct {
	name  string
	usual string
	span  *time.Duration
	n     *int
	yes   *bool
}

func (s setting) get() string {
	switch {
	case s.span != nil:
		return s.span.String()
	case s.yes != nil:
		return strconv.FormatBool(*s.yes)
	}
	return strconv.Itoa(*s.n)
}

func settings(c *core.Config) []setting {
	return []setting{
		{name: "timeout", usual: "0s", span: &c.ConnectTimeout},
		{name: "linger", usual: "0s", span: &c.Linger},
		{name: "heartbeat", usual: "-1ns", span: &c.Heartbeat},
		{name: "admit", usual: "0s", span: &c.AdmitTimeout},
		{name: "pending", usual: "0", n: &c.MaxPending},
		{name: "peers", usual: "0", n: &c.MaxPeers},
		{name: "arcs", usual: "0", n: &c.MaxArcs},
		{name: "media", usual: "false", yes: &c.Media},
		{name: "wishless", usual: "false", yes: &c.Wishless},
	}
}

// configure reads a trace's head.
func configure(opts *Options, t *chart.Trace) error {
	configs := map[int]core.Config{}
	opts.About = t.About
	for _, s := range t.Settings {
		words := strings.Fields(s.Value)
		switch s.Name {
		case "peers":
		case "protocols":
			opts.Protocols = words
		case "trickle":
			opts.Trickle = true
		case "liars":
			for _, name := range words {
				i, err := letter(name, t.Peers)
				if err != nil {
					return err
				}
				opts.Liars = append(opts.Liars, i)
			}
		case "config":
			if len(words) == 0 {
				return fmt.Errorf("config of nobody")
			}
			i, err := letter(words[0], t.Peers)
			if err != nil {
				return err
			}
			cfg := core.Config{Heartbeat: -1}
			for _, word := range words[1:] {
				if err := set(&cfg, word); err != nil {
					return err
				}
			}
			configs[i] = cfg
		default:
			return fmt.Errorf("setting %s: not known here", s.Name)
		}
	}
	opts.Config = func(i int, c *core.Config) {
		if cfg, ok := configs[i]; ok {
			*c = cfg
		}
	}
	return nil
}

func set(c *core.Config, word string) error {
	name, value, _ := strings.Cut(word, "=")
	for _, s := range settings(c) {
		if s.name != name {
			continue
		}
		var err error
		switch {
		case s.span != nil:
			*s.span, err = time.ParseDuration(value)
		case s.yes != nil:
			*s.yes, err = strconv.ParseBool(value)
		default:
			*s.n, err = strconv.Atoi(value)
		}
		if err != nil {
			return fmt.Errorf("config %s: %w", word, err)
		}
		return nil
	}
	return fmt.Errorf("config %s: not known here", name)
}

func letter(name string, peers int) (int, error) {
	if len(name) != 1 || name[0] < 'a' || int(name[0]-'a') >= peers {
		return 0, fmt.Errorf("%q is none of the %d peers", name, peers)
	}
	return int(name[0] - 'a'), nil
}
