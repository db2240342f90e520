package live

import (
	"io/fs"
	"slices"

	"github.com/n2n-overlay/n2n/spec"
)

// chart is a machine of the specs as a picture: its states, and what leads from
// one to another.
type chart struct {
	Name   string       `json:"name"`
	Doc    string       `json:"doc"`
	Spec   string       `json:"spec"` // its file
	States []chartState `json:"states"`
	Ways   []chartWay   `json:"ways"`
}

type chartState struct {
	Name    string `json:"name"`
	Doc     string `json:"doc,omitempty"`
	Initial bool   `json:"initial,omitempty"`
	Final   bool   `json:"final,omitempty"`
}

// chartWay is all edges between two states.
type chartWay struct {
	From string   `json:"from"`
	To   string   `json:"to"`
	By   []string `json:"by"` // event, or event/label
}

// charts reads the specs that this program was made from.
func charts() ([]chart, error) {
	files, err := fs.Glob(spec.Files, "*.fsm")
	if err != nil {
		return nil, err
	}
	var list []chart
	for _, name := range files {
		src, err := spec.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s, err := spec.Load(name, src)
		if err != nil {
			return nil, err
		}
		for _, m := range s.Machines {
			list = append(list, chartOf(name, m))
		}
	}
	return list, nil
}

func chartOf(file string, m *spec.Machine) chart {
	c := chart{Name: m.Name, Doc: m.Doc, Spec: "spec/" + file}
	for _, s := range m.States {
		c.States = append(c.States, chartState{s.Name, s.Doc, s.Initial, s.Final})
	}
	for _, from := range m.States {
		for _, to := range m.States {
			w := chartWay{From: from.Name, To: to.Name}
			for _, e := range m.Edges {
				by := e.On.Name
				if e.Rule.Label != "" {
					by += "/" + e.Rule.Label
				}
				if from != to && e.From == from && e.To == to && !slices.Contains(w.By, by) {
					w.By = append(w.By, by)
				}
			}
			if len(w.By) > 0 {
				c.Ways = append(c.Ways, w)
			}
		}
	}
	return c
}
