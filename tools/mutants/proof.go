package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// parts are the fast proof, the quickest killers first; a package that is not
// there is left out. Where goldens are renewed they kill nothing: the number of
// states of a search changes with every variable that nobody reads. The stories
// of the core do count.
var parts = []struct {
	pkg, run, skip string
	renew, alone   bool
}{
	{pkg: "overlay/internal/core", skip: slow},
	{pkg: "overlay/internal/core", run: slow},
	{pkg: "overlay/internal/search", renew: true},
	{pkg: "fsm/verify", renew: true, alone: true}, // it reads the specs as well
}

// slow are the random walks: what nothing else kills, they mostly do not.
const slow = "^(TestEveryEdge|TestAnything|TestCalm|TestClosing|Fuzz.*)$"

// notKillers are tests in them that do not judge what a mutant changes, or only
// compare it with itself.
//
//	TestNegative, TestWrongEnds, TestCycle, TestExchangeMutants
//	                                        search designs that are wrong on purpose
//	TestAlone…, Test…Spin                   compare Promela with Go made of the same spec
//	TestLinkFits                            compares the names of variables, which no mutant changes
const notKillers = "^(TestNegative|TestWrongEnds|TestCycle|TestExchangeMutants|TestAlone.*|Test.*Spin|TestLinkFits)$"

// suite is one part of the proof, as flags of the test's binary.
type suite struct {
	pkg   string
	flags []string
	core  bool // it depends on the core: else no mutant of the core reaches it
	alone bool // it judges a mutant in a build of its own only
}

// suites finds out which packages there are, and makes their tests repeatable.
func (b *bench) suites(ctx context.Context, skip string) ([]suite, error) {
	var list []suite
	for _, p := range parts {
		if _, err := os.Stat(filepath.Join(b.root, filepath.FromSlash(p.pkg))); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		out, err := b.command(ctx, b.root, "go", "list", "-deps", "-test", "./"+p.pkg)
		if err != nil {
			return nil, fmt.Errorf("list what a package needs: %w\n%s", err, out)
		}
		deps := strings.Fields(string(out))
		needs := func(end string) bool {
			return slices.ContainsFunc(deps, func(d string) bool { return strings.HasSuffix(d, end) })
		}
		skips := []string{notKillers}
		for _, s := range []string{p.skip, skip} {
			if s != "" {
				skips = append(skips, s)
			}
		}
		s := suite{pkg: p.pkg, core: needs("/" + coreDir), alone: p.alone, flags: []string{
			"-test.failfast", "-test.timeout=60s", "-test.run=" + p.run, "-test.skip=" + strings.Join(skips, "|"),
		}}
		if p.renew {
			s.flags = append(s.flags, "-update")
		}
		if needs("pgregory.net/rapid") {
			// The same cases for each mutant, and none of the last one's.
			s.flags = append(s.flags, "-rapid.seed=1", "-rapid.nofailfile", "-rapid.shrinktime=1ms")
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, errors.New("no tests: the proof is empty")
	}
	return list, nil
}

// build is what stands on a bench, and which tests of it are built.
type build struct {
	*bench
	built  map[string]bool // by package
	choice int             // the mutant of a batch that is meant
}

// test runs suites up to the first failure. Without a mutant, the message is all
// that it said.
func (b *build) test(ctx context.Context, m *mutant, proof []suite) (r result, err error) {
	start := time.Now()
	defer func() {
		if m != nil {
			r.Name, r.Seconds = m.name, time.Since(start).Seconds()
		}
	}()
	for _, s := range proof {
		if m != nil && !m.spec && !s.core {
			continue
		}
		bin := filepath.Join(b.root, strings.ReplaceAll(s.pkg, "/", "_")+".proof")
		if !b.built[s.pkg] {
			out, err := b.command(ctx, b.root, "go", "test", "-c", "-trimpath", "-ldflags=-s -w", "-o", bin, "./"+s.pkg)
			if done, r, err := verdict(ctx, m, "build", out, err); done {
				return r, err
			}
			b.built[s.pkg] = true
		}
		cmd := b.program(ctx, filepath.Join(b.root, filepath.FromSlash(s.pkg)), bin, s.flags...)
		if b.choice > 0 {
			cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", choice, b.choice))
		}
		out, err := cmd.CombinedOutput()
		if done, r, err := verdict(ctx, m, s.pkg, out, err); done {
			return r, err
		}
	}
	return result{Killer: "nobody"}, nil
}

// verdict judges how a program ended; done: there is no need to run more.
func verdict(ctx context.Context, m *mutant, what string, out []byte, err error) (done bool, r result, fault error) {
	exit := (*exec.ExitError)(nil)
	switch {
	case ctx.Err() != nil:
		return true, r, ctx.Err()
	case err == nil:
		return false, r, nil
	case !errors.As(err, &exit):
		return true, r, fmt.Errorf("run the proof: %w", err)
	}
	r.Killed = true
	r.Killer, r.Message = failure(what, string(out))
	if m == nil {
		r.Message = string(out)
	}
	return true, r, nil
}

var (
	failLine  = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	panicLine = regexp.MustCompile(`(?m)^(panic|fatal error): (.*)$`)
	lateLine  = regexp.MustCompile(`(?m)^\s+(Test\S+) \(`)
	wordLine  = regexp.MustCompile(`(?m)^\s+\S+\.go:\d+: (.*)$`)
)

// failure finds in the output of a build or a test what failed first, and what it said.
func failure(what, out string) (killer, message string) {
	if what == "build" {
		for line := range strings.Lines(out) {
			if !strings.HasPrefix(line, "#") {
				return what, strings.TrimSpace(line)
			}
		}
		return what, ""
	}
	if p := panicLine.FindStringSubmatch(out); p != nil {
		message = p[2]
	} else if w := wordLine.FindStringSubmatch(out); w != nil {
		message = w[1]
	}
	names := failLine.FindAllStringSubmatch(out, -1)
	switch {
	case len(names) > 1 && strings.HasPrefix(names[1][1], names[0][1]+"/"):
		return names[1][1], message
	case len(names) > 0:
		return names[0][1], message
	case strings.Contains(out, "test timed out"):
		if late := lateLine.FindStringSubmatch(out); late != nil {
			return late[1] + " (timeout)", message
		}
	}
	return "tests of " + what, message
}

// command runs a program and gives its output, both streams.
func (b *bench) command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	return b.program(ctx, dir, name, args...).CombinedOutput()
}

// program prepares one. When ctx ends, it ends, and all that it started; what it
// leaves behind is in b.tmp.
func (b *bench) program(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+b.tmp, "GOTMPDIR="+b.tmp)
	cmd.WaitDelay = 5 * time.Second
	endAll(cmd)
	return cmd
}
