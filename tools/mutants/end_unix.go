//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// endAll lets a program be ended with all that it started: go test runs the test
// as a process of its own.
func endAll(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
