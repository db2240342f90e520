package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
)

// profiles begins what was asked for; stop writes it. An empty name is none.
func profiles(cpu, heap string) (stop func() error, err error) {
	var file *os.File
	if cpu != "" {
		if file, err = os.Create(cpu); err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return func() error {
		if file != nil {
			pprof.StopCPUProfile()
			if err := file.Close(); err != nil {
				return err
			}
		}
		return heapProfile(heap)
	}, nil
}

func heapProfile(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	runtime.GC() // what is held is that of the last collection
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
