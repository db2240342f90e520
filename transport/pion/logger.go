package pion

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// loggers makes the loggers of pion's packages: silent ones, or ones that write
// to a slog.Logger with the package as an attribute.
type loggers struct{ to *slog.Logger }

func (l loggers) NewLogger(scope string) logging.LeveledLogger {
	if l.to == nil {
		return logger{}
	}
	return logger{to: l.to.With("layer", scope)}
}

// levelTrace is one step below slog.LevelDebug.
const levelTrace = slog.LevelDebug - 4

// logger is one scope. Nothing is formatted that is not written.
type logger struct{ to *slog.Logger }

func (l logger) write(level slog.Level, msg string) {
	if l.to != nil {
		l.to.Log(context.Background(), level, msg)
	}
}

func (l logger) writef(level slog.Level, format string, args []any) {
	if l.to != nil && l.to.Enabled(context.Background(), level) {
		l.to.Log(context.Background(), level, fmt.Sprintf(format, args...))
	}
}

func (l logger) Trace(msg string)                  { l.write(levelTrace, msg) }
func (l logger) Tracef(format string, args ...any) { l.writef(levelTrace, format, args) }
func (l logger) Debug(msg string)                  { l.write(slog.LevelDebug, msg) }
func (l logger) Debugf(format string, args ...any) { l.writef(slog.LevelDebug, format, args) }
func (l logger) Info(msg string)                   { l.write(slog.LevelInfo, msg) }
func (l logger) Infof(format string, args ...any)  { l.writef(slog.LevelInfo, format, args) }
func (l logger) Warn(msg string)                   { l.write(slog.LevelWarn, msg) }
func (l logger) Warnf(format string, args ...any)  { l.writef(slog.LevelWarn, format, args) }
func (l logger) Error(msg string)                  { l.write(slog.LevelError, msg) }
func (l logger) Errorf(format string, args ...any) { l.writef(slog.LevelError, format, args) }
